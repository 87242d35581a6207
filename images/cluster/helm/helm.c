/* helm: the few subcommands that the cluster image and its tests need, with the real Helm SDK behind them.
 *
 * Debian has no package of helm. The SDK comes as a shared library with a plain C interface (libhelm_c.so of the Python
 * package helm-python-sdk); the declarations below are those of its helm_c.h. Strings that it returns are freed by
 * helm_free_string, which a program that ends at once need not do.
 *
 *   helm lint CHART [--strict]
 *   helm template NAME CHART          prints the manifest
 *   helm install|upgrade NAME CHART   prints the release as JSON
 *   helm status NAME                  prints the release as JSON
 *   helm list                         prints releases as JSON
 *   helm version
 *
 * Flags: --namespace NAME, --values FILE (YAML or JSON, given once), --label KEY=VALUE (repeatable), --strict.
 * The cluster is KUBECONFIG's. Exit codes: 0 done, 1 failed, 2 usage.
 */
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
extern int32_t helm_status(uint64_t config, const char *name, const char *options, char **release, char **error);
extern int32_t helm_list(uint64_t config, const char *options, char **releases, char **error);

static const char *name_space = "default";
static const char *values_file;
static const char *labels[16];
static int label_count;
static int strict;

static void die(int code, const char *what, const char *cause) {
    fprintf(stderr, "helm: %s%s%s\n", what, cause ? ": " : "", cause ? cause : "");
    exit(code);
}

/* The error is read through its address: arguments are evaluated in any order, also before the call that sets it. */
static void check(int32_t code, const char *what, char **error) {
    if (code != 0)
        die(1, what, *error ? *error : "no reason was given");
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

static char *values(void) {
    char *json = NULL, *error = NULL;
    if (values_file)
        check(helm_values_from_yaml(read_file(values_file), &json, &error), "values", &error);
    return json;
}

/* What stands in options is checked instead of quoted: names of Kubernetes need no quoting. */
static const char *plain(const char *text) {
    if (strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./") != strlen(text))
        die(2, "not a name", text);
    return text;
}

/* `more` is what an action takes beyond them, as the rest of a JSON object. */
static char *options(int with_labels, const char *more) {
    int count = with_labels ? label_count : 0;
    char *json = NULL;
    size_t size;
    FILE *text = open_memstream(&json, &size);
    if (!text)
        die(1, "out of memory", NULL);
    fprintf(text, "{\"namespace\":\"%s\"", plain(name_space));
    for (int i = 0; i < count; i++) {
        char *key = strdup(labels[i]), *value = key ? strchr(key, '=') : NULL;
        if (!value)
            die(2, "--label needs KEY=VALUE", labels[i]);
        *value++ = 0;
        fprintf(text, "%s\"%s\":\"%s\"", i ? "," : ",\"labels\":{", plain(key), plain(value));
    }
    fprintf(text, "%s%s}", count ? "}" : "", more);
    fclose(text);
    return json;
}

static uint64_t config(void) {
    uint64_t handle = 0;
    char *error = NULL;
    check(helm_config_new(options(0, ""), &handle, &error), "kubeconfig", &error);
    return handle;
}

static uint64_t chart(const char *path) {
    uint64_t handle = 0;
    char *error = NULL;
    check(helm_chart_load(path, &handle, &error), path, &error);
    return handle;
}

/* Writes a JSON string, whose first character is at `at`, decoded; returns what follows its closing quote. */
static const char *decode(const char *at, FILE *into) {
    unsigned code;
    for (; *at && *at != '"'; at++) {
        if (*at != '\\') {
            fputc(*at, into);
            continue;
        }
        switch (*++at) {
        case 'n': fputc('\n', into); break;
        case 't': fputc('\t', into); break;
        case 'r': fputc('\r', into); break;
        /* Go writes <, > and & so; charts hold no other character that it escapes. */
        case 'u': sscanf(at + 1, "%4x", &code); fputc((int)code, into); at += 4; break;
        default: fputc(*at, into);
        }
    }
    return at + 1;
}

/* Prints a JSON object of paths and manifests as YAML documents; the notes are for people and no YAML. */
static void print_documents(const char *json) {
    while ((json = strchr(json, '"'))) {
        char *path = NULL, *manifest = NULL;
        size_t size;
        FILE *text = open_memstream(&path, &size);
        json = decode(json + 1, text);
        fclose(text);
        text = open_memstream(&manifest, &size);
        json = decode(strchr(json, '"') + 1, text);
        fclose(text);
        if (!strstr(path, "NOTES.txt"))
            printf("---\n# Source: %s\n%s\n", path, manifest);
    }
}

static int lint(const char *path) {
    char *report = NULL, *error = NULL;
    check(helm_lint_run_opts(path, values(), strict ? "{\"strict\":true}" : "{}", &report, &error), path, &error);
    puts(report);
    return strstr(report, "\"errors\":[]") ? 0 : 1;
}

int main(int count, char **words) {
    const char *rest[4] = {0};
    int given = 0;
    for (int i = 1; i < count; i++) {
        const char *word = words[i], *equals = strchr(word, '=');
        size_t length = equals ? (size_t)(equals - word) : strlen(word);
        if (word[0] != '-') {
            if (given == 3)
                die(2, "too many words", word);
            rest[given++] = word;
        } else if (!strcmp(word, "--strict")) {
            strict = 1;
        } else {
            int is_values = length == 8 && !strncmp(word, "--values", 8);
            int is_label = length == 7 && !strncmp(word, "--label", 7);
            int is_namespace = length == 11 && !strncmp(word, "--namespace", 11);
            if (!is_values && !is_label && !is_namespace)
                die(2, "unknown flag", word);
            const char *value = equals ? equals + 1 : ++i < count ? words[i] : NULL;
            if (!value || (is_values && values_file) || (is_label && label_count == 16))
                die(2, "needs one value", word);
            if (is_label)
                labels[label_count++] = value;
            else
                *(is_values ? &values_file : &name_space) = value;
        }
    }
    const char *verb = rest[0] ? rest[0] : "";
    char *out = NULL, *error = NULL;
    if (!strcmp(verb, "version") && given == 1)
        return puts(helm_sdk_version()) < 0;
    if (!strcmp(verb, "lint") && given == 2)
        return lint(rest[1]);
    if (!strcmp(verb, "template") && given == 3) {
        char *json = NULL;
        size_t size;
        FILE *text = open_memstream(&json, &size);
        fprintf(text, "{\"name\":\"%s\",\"namespace\":\"%s\",\"is_install\":true}", plain(rest[1]), plain(name_space));
        fclose(text);
        check(helm_render(chart(rest[2]), values(), json, &out, &error), rest[2], &error);
        print_documents(out);
        return 0;
    }
    if (!strcmp(verb, "install") && given == 3)
        check(helm_install(config(), 0, chart(rest[2]), NULL, rest[1], values(), options(1, ""), &out, &error), verb, &error);
    else if (!strcmp(verb, "upgrade") && given == 3)
        check(helm_upgrade(config(), 0, chart(rest[2]), NULL, rest[1], values(), options(1, ",\"max_history\":10"), &out, &error), verb, &error);
    else if (!strcmp(verb, "status") && given == 2)
        check(helm_status(config(), rest[1], NULL, &out, &error), verb, &error);
    else if (!strcmp(verb, "list") && given == 1)
        check(helm_list(config(), NULL, &out, &error), verb, &error);
    else
        die(2, "usage: helm lint|template|install|upgrade|status|list|version [NAME] [CHART] [flags]", NULL);
    puts(out);
    return 0;
}
