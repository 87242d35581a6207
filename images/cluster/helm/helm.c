/* helm: the subcommands and flags that the cluster image, the driver and their tests need, with the real Helm SDK behind them.
 *
 * Debian has no package of helm. The SDK comes as a shared library with a plain C interface (libhelm_c.so of the Python
 * package helm-python-sdk); the declarations below are those of its helm_c.h. Words and flags are the real program's, so that
 * either may be called. Strings that the library returns are never freed: the program ends at once.
 *
 *   helm lint CHART [--strict]
 *   helm template NAME CHART                      prints the manifest
 *   helm install NAME CHART                       prints the release as JSON
 *   helm upgrade [--install] NAME CHART           the same
 *   helm uninstall NAME
 *   helm status|history NAME                      print JSON
 *   helm get manifest|values NAME
 *   helm list                                     prints releases as JSON
 *   helm package FOLDER [--destination FOLDER]
 *   helm pull oci://REFERENCE [--version VERSION] [--destination FOLDER] [--plain-http]
 *   helm push ARCHIVE oci://REFERENCE [--plain-http]
 *   helm version
 *
 * Flags: --namespace NAME, --values FILE (YAML or JSON; repeatable, later ones win), --labels KEY=VALUE (repeatable), --description
 * TEXT, --history-max N, --create-namespace, --kubeconfig FILE (else KUBECONFIG), --kube-context NAME, --output json (the
 * only form that there is). Exit codes: 0 done, 1 failed, 2 usage.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char *helm_sdk_version(void);
extern int32_t helm_chart_load(const char *path, uint64_t *chart, char **error);
extern int32_t helm_config_new(const char *options, uint64_t *config, char **error);
extern int32_t helm_values_from_yaml(const char *yaml, char **json, char **error);
extern int32_t helm_lint_run_opts(const char *path, const char *values, const char *options, char **report, char **error);
extern int32_t helm_render(uint64_t chart, const char *values, const char *options, char **manifests, char **error);
extern int32_t helm_install(uint64_t config, uint64_t context, uint64_t chart, const char *reference, const char *name,
                            const char *values, const char *options, char **release, char **error);
extern int32_t helm_upgrade(uint64_t config, uint64_t context, uint64_t chart, const char *reference, const char *name,
                            const char *values, const char *options, char **release, char **error);
extern int32_t helm_uninstall(uint64_t config, const char *name, const char *options, char **release, char **error);
extern int32_t helm_status(uint64_t config, const char *name, const char *options, char **release, char **error);
extern int32_t helm_history(uint64_t config, const char *name, const char *options, char **revisions, char **error);
extern int32_t helm_get(uint64_t config, const char *name, const char *options, char **release, char **error);
extern int32_t helm_list(uint64_t config, const char *options, char **releases, char **error);
extern int32_t helm_package_run(const char *path, const char *options, char **archive, char **error);
extern int32_t helm_pull(uint64_t client, const char *reference, const char *options, char **output, char **error);
extern int32_t helm_push(uint64_t client, const char *path, const char *remote, const char *options, char **output, char **error);

/* What the flags say. Those of an action become members of its options, under the library's names. */
static json_t *merged_values, *connection, *options;
static int strict, installs;

static void die(int code, const char *what, const char *cause) {
    fprintf(stderr, "helm: %s%s%s\n", what, cause ? ": " : "", cause ? cause : "");
    exit(code);
}

/* The error is read through its address: arguments are evaluated in any order, also before the call that sets it. */
static void check(int32_t code, const char *what, char **error) {
    if (code != 0)
        die(1, what, *error ? *error : "no reason was given");
}

static json_t *parsed(const char *text, const char *what) {
    json_error_t error;
    json_t *json = json_loads(text, JSON_DECODE_ANY, &error);
    if (!json)
        die(1, what, error.text);
    return json;
}

static char *text_of(const json_t *json) {
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text)
        die(1, "out of memory", NULL);
    return text;
}

static char *read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file)
        die(1, "cannot open the values", path);
    size_t length = 0, room = 1 << 16;
    char *text = malloc(room);
    for (size_t got; text && (got = fread(text + length, 1, room - length - 1, file)) > 0;) {
        length += got;
        if (room - length < 2)
            text = realloc(text, room *= 2);
    }
    if (!text || ferror(file))
        die(1, "cannot read the values", path);
    fclose(file);
    text[length] = 0;
    return text;
}

/* Puts a file of values over those before it, member by member. */
static void add_values(const char *path) {
    char *json = NULL, *error = NULL;
    check(helm_values_from_yaml(read_file(path), &json, &error), path, &error);
    json_t *values = parsed(json, path);
    if (!merged_values)
        merged_values = json_object();
    if (json_is_object(values) && json_object_update_recursive(merged_values, values))
        die(1, path, "cannot be merged");
}

static char *values(void) {
    return merged_values ? text_of(merged_values) : NULL;
}

static void set_text(json_t *object, const char *key, const char *value) {
    if (json_object_set_new(object, key, json_string(value)))
        die(2, "not a text in UTF-8", value);
}

/* The options that an action of the library knows: it refuses others. */
static char *chosen(const char *first, const char *second, const char *third, const char *fourth) {
    const char *keys[] = {first, second, third, fourth};
    json_t *some = json_object();
    for (int i = 0; i < 4; i++) {
        json_t *value = keys[i] ? json_object_get(options, keys[i]) : NULL;
        if (value)
            json_object_set(some, keys[i], value);
    }
    return text_of(some);
}

static void add_label(const char *word) {
    const char *equals = strchr(word, '=');
    if (!equals)
        die(2, "--labels needs KEY=VALUE", word);
    json_t *labels = json_object_get(options, "labels");
    if (!labels)
        json_object_set_new(options, "labels", labels = json_object());
    set_text(labels, strndup(word, equals - word), equals + 1);
}

static uint64_t config(void) {
    uint64_t handle = 0;
    char *error = NULL;
    check(helm_config_new(text_of(connection), &handle, &error), "kubeconfig", &error);
    return handle;
}

static uint64_t chart(const char *path) {
    uint64_t handle = 0;
    char *error = NULL;
    check(helm_chart_load(path, &handle, &error), path, &error);
    return handle;
}

/* Prints an object of paths and manifests as YAML documents; the notes are for people and no YAML. */
static void print_documents(const char *json) {
    const char *path;
    json_t *manifest, *manifests = parsed(json, "manifests");
    json_object_foreach(manifests, path, manifest) {
        if (!strstr(path, "NOTES.txt"))
            printf("---\n# Source: %s\n%s\n", path, json_string_value(manifest));
    }
}

static int lint(const char *path) {
    char *report = NULL, *error = NULL;
    const char *how = strict ? "{\"strict\":true}" : "{}";
    check(helm_lint_run_opts(path, values(), how, &report, &error), path, &error);
    puts(report);
    return json_array_size(json_object_get(parsed(report, "report"), "errors")) ? 1 : 0;
}

static void template(const char *name, const char *path) {
    char *out = NULL, *error = NULL;
    json_t *how = json_pack("{s:s, s:O, s:b}", "name", name, "namespace", json_object_get(connection, "namespace"), "is_install", 1);
    check(helm_render(chart(path), values(), text_of(how), &out, &error), path, &error);
    print_documents(out);
}

static char *deployed(const char *name, const char *path, int is_upgrade) {
    char *out = NULL, *error = NULL;
    uint64_t to = config(), from = chart(path);
    if (is_upgrade && installs) {
        /* The real program asks for the history, too, and installs where there is none. */
        is_upgrade = helm_history(to, name, "{\"max\":1}", &out, &error) == 0;
        if (!is_upgrade && !strstr(error ? error : "", "not found"))
            die(1, name, error);
        error = NULL;
    }
    if (is_upgrade) {
        char *how = chosen("namespace", "labels", "description", "max_history");
        check(helm_upgrade(to, 0, from, NULL, name, values(), how, &out, &error), "upgrade", &error);
    } else {
        char *how = chosen("namespace", "labels", "description", "create_namespace");
        check(helm_install(to, 0, from, NULL, name, values(), how, &out, &error), "install", &error);
    }
    return out;
}

static char *got(const char *what, const char *name) {
    char *out = NULL, *error = NULL;
    check(helm_get(config(), name, NULL, &out, &error), name, &error);
    json_t *release = parsed(out, name);
    if (!strcmp(what, "values"))
        return text_of(json_object_get(release, "config"));
    if (!strcmp(what, "manifest"))
        return (char *)json_string_value(json_object_get(json_object_get(release, "summary"), "manifest"));
    die(2, "nothing to get", what);
    return NULL;
}

/* Takes a flag that has a value; false where there is no such flag. */
static int take(const char *flag, const char *value) {
    static const struct {
        const char *flag, *key;
    } texts[] = {
        {"--description", "description"},
        {"--version", "version"},
        {"--destination", "destination"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!strcmp(flag, texts[i].flag))
            return set_text(options, texts[i].key, value), 1;
    if (!strcmp(flag, "--values"))
        add_values(value);
    else if (!strcmp(flag, "--labels"))
        add_label(value);
    else if (!strcmp(flag, "--namespace"))
        set_text(connection, "namespace", value);
    else if (!strcmp(flag, "--kubeconfig"))
        set_text(connection, "kubeconfig_path", value);
    else if (!strcmp(flag, "--kube-context"))
        set_text(connection, "kube_context", value);
    else if (!strcmp(flag, "--history-max"))
        json_object_set_new(options, "max_history", json_integer(atoi(value)));
    else if (strcmp(flag, "--output") || strcmp(value, "json"))
        return 0;
    return 1;
}

int main(int count, char **words) {
    const char *rest[4] = {0};
    int given = 0;
    connection = json_pack("{s:s}", "namespace", "default");
    options = json_object();
    for (int i = 1; i < count; i++) {
        char *word = words[i], *equals = strchr(word, '=');
        if (word[0] != '-') {
            if (given == 3)
                die(2, "too many words", word);
            rest[given++] = word;
        } else if (!strcmp(word, "--strict")) {
            strict = 1;
        } else if (!strcmp(word, "--install")) {
            installs = 1;
        } else if (!strcmp(word, "--plain-http")) {
            json_object_set_new(options, "plain_http", json_true());
        } else if (!strcmp(word, "--create-namespace")) {
            json_object_set_new(options, "create_namespace", json_true());
        } else {
            const char *value = equals ? equals + 1 : ++i < count ? words[i] : NULL;
            char *flag = equals ? strndup(word, equals - word) : word;
            if (!value)
                die(2, "needs a value", word);
            if (!take(flag, value))
                die(2, "unknown flag or value", word);
        }
    }
    json_object_set(options, "namespace", json_object_get(connection, "namespace"));
    const char *verb = rest[0] ? rest[0] : "";
    char *out = NULL, *error = NULL;
    if (!strcmp(verb, "version") && given == 1)
        out = helm_sdk_version();
    else if (!strcmp(verb, "lint") && given == 2)
        return lint(rest[1]);
    else if (!strcmp(verb, "template") && given == 3)
        return template(rest[1], rest[2]), 0;
    else if ((!strcmp(verb, "install") || !strcmp(verb, "upgrade")) && given == 3)
        out = deployed(rest[1], rest[2], verb[0] == 'u');
    else if (!strcmp(verb, "uninstall") && given == 2)
        check(helm_uninstall(config(), rest[1], NULL, &out, &error), rest[1], &error);
    else if (!strcmp(verb, "status") && given == 2)
        check(helm_status(config(), rest[1], NULL, &out, &error), verb, &error);
    else if (!strcmp(verb, "history") && given == 2)
        check(helm_history(config(), rest[1], NULL, &out, &error), rest[1], &error);
    else if (!strcmp(verb, "get") && given == 3)
        out = got(rest[1], rest[2]);
    else if (!strcmp(verb, "list") && given == 1)
        check(helm_list(config(), NULL, &out, &error), verb, &error);
    else if (!strcmp(verb, "package") && given == 2)
        check(helm_package_run(rest[1], chosen("destination", NULL, NULL, NULL), &out, &error), rest[1], &error);
    else if (!strcmp(verb, "pull") && given == 2) {
        json_object_set(options, "dest_dir", json_object_get(options, "destination"));
        check(helm_pull(0, rest[1], chosen("dest_dir", "version", "plain_http", NULL), &out, &error), rest[1], &error);
    } else if (!strcmp(verb, "push") && given == 3)
        check(helm_push(0, rest[1], rest[2], chosen("plain_http", NULL, NULL, NULL), &out, &error), rest[1], &error);
    else
        die(2, "usage: helm lint|template|install|upgrade|uninstall|status|history|get|list|package|pull|push|version [WORDS] [flags]", NULL);
    puts(out);
    return 0;
}
