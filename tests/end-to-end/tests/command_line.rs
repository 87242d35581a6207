//! The driver's command line, without Docker: what a typing mistake or a missing program leads to.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::process::Command;

use end_to_end::{Ended, driver, repository, typed};

fn run(arguments: &[&str]) -> Ended {
    let mut command = driver();
    command.args(arguments);
    Ended::of(command)
}

#[test]
fn wrong_words_are_usage_errors_that_name_the_word_and_the_next_command() {
    for (arguments, named) in [
        (vec!["restart-everything"], "restart-everything"),
        (vec!["start", "--prot", "1"], "--prot"),
        (vec!["start", "--port"], "--port needs a value"),
        (vec!["start", "--port="], "--port needs a value"),
        (vec!["stop", "--port", "1"], "'stop' has no flag '--port'"),
        (vec!["stop", "--yes"], "'stop' has no flag '--yes'"),
        (vec!["start", "--plaintext=yes"], "--plaintext takes no value"),
        (vec!["stop", "now"], "'now' is one word too many"),
        (vec!["use"], "which gateway?"),
        (vec!["logs", "everything"], "no log of 'everything'"),
        (vec!["completion", "tcsh"], "'tcsh'"),
        (vec!["--quiet", "start"], "the verb comes first"),
    ] {
        let ended = run(&arguments);
        assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(named), "{arguments:?}: {}", ended.stderr);
        assert!(
            ended.stderr.contains(&format!("next: {} help", typed())),
            "{}",
            ended.stderr
        );
        assert_eq!(ended.stdout, "", "{arguments:?}");
    }
}

#[test]
fn no_verb_prints_the_help_and_is_a_usage_error() {
    let ended = run(&[]);
    assert_eq!(ended.code, 2);
    assert!(
        ended.stderr.contains(&format!("Usage: {} VERB", typed())),
        "{}",
        ended.stderr
    );
}

fn text_of(file: &str) -> String {
    std::fs::read_to_string(repository().join(file)).expect("a file of the driver")
}

/// Those that have functions of the driver.
const PROGRAMS: [&str; 9] = [
    "bench/run",
    "images/build",
    "scripts/build-tools",
    "scripts/install",
    "scripts/man-pages",
    "scripts/openshell",
    "scripts/setup",
    "scripts/start-engine",
    "scripts/test",
];

const FOLDERS_OF_VERBS: [&str; 3] = ["scripts/verbs", "scripts/container", "scripts/cluster"];

/// Every verb, from the files that do it.
fn verbs() -> Vec<String> {
    let files = FOLDERS_OF_VERBS
        .iter()
        .flat_map(|folder| std::fs::read_dir(repository().join(folder)).expect("the verbs"));
    let stem = |file: std::fs::DirEntry| {
        file.path()
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned()
    };
    let names: BTreeSet<String> = files.map(|file| stem(file.expect("a file"))).collect();
    names.into_iter().collect()
}

#[test]
fn every_verb_has_its_line_in_the_help_and_a_help_of_its_own() {
    let help = run(&["help"]).well().stdout;
    let verbs = verbs();
    assert!(verbs.len() > 10, "{verbs:?}");
    for verb in verbs {
        assert!(help.contains(&format!("\n  {verb} ")), "{verb}");
        let own = run(&["help", &verb]).well().stdout;
        assert!(own.contains(&format!("Usage: {} {verb}", typed())), "{own}");
        assert_eq!(run(&[&verb, "--help"]).well().stdout, own);
    }
}

/// A flag that no verb takes would be a promise that nobody keeps.
#[test]
fn every_flag_that_is_described_is_taken_by_a_verb() {
    let every_help: String = verbs()
        .iter()
        .map(|verb| run(&["help", verb]).well().stdout)
        .collect();
    let mut seen = 0;
    for line in text_of("scripts/lib/flags.txt")
        .lines()
        .filter(|line| line.starts_with("  --"))
    {
        assert!(every_help.contains(line), "no verb takes: {line}");
        seen += 1;
    }
    assert!(seen > 15, "only {seen} flags were found");
}

#[test]
fn a_usage_error_is_a_document_where_one_is_wanted() {
    let ended = run(&["start", "--json", "--prot"]);
    assert_eq!(ended.code, 2);
    let document = ended.document();
    assert_eq!(document["error"]["reason"], "usage");
    assert_eq!(document["error"]["hint"], format!("{} help start", typed()));
}

#[test]
fn completions_know_every_verb_and_flag_and_are_read_by_their_shell() {
    let words = run(&["completion", "words"]).well().stdout;
    for verb in verbs() {
        assert!(
            words.lines().any(|line| line.starts_with(&format!("{verb}\t"))),
            "{verb}: {words}"
        );
        run(&["completion", "words", &verb]).well();
    }
    for shell in ["zsh", "fish"] {
        let text = run(&["completion", shell]).well().stdout;
        assert!(text.contains("scripts/openshell completion words"), "{text}");
    }
    let text = run(&["completion", "bash"]).well().stdout;
    for (typed, completed) in [
        ("start --pl", "--plaintext"),
        ("sta", "start status"),
        ("start --env", "--env"),
    ] {
        let words: Vec<&str> = typed.split(' ').collect();
        let mut bash = Command::new("bash");
        bash.current_dir("/").args([
            "-c",
            &format!(
                "{text}\nCOMP_WORDS=(openshell {typed}) COMP_CWORD={}\n_gw\necho \"${{COMPREPLY[@]}}\"",
                words.len()
            ),
        ]);
        assert_eq!(Ended::of(bash).well().stdout.trim(), completed);
    }
}

/// A PATH with the commands that the driver runs before anything else, without `left_out`.
fn path_without(left_out: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for name in [
        "bash", "cargo", "cc", "dirname", "env", "find", "jq", "mktemp", "readlink", "rm", "sed", "tail",
        "uname",
    ] {
        let found = std::env::split_paths(&std::env::var_os("PATH").expect("PATH"))
            .map(|p| p.join(name))
            .find(|p| p.exists());
        if let Some(found) = found.filter(|_| name != left_out) {
            symlink(found, folder.path().join(name)).expect("a link");
        }
    }
    folder
}

#[test]
fn a_missing_jq_is_named_with_the_command_that_installs_it() {
    let path = path_without("jq");
    let mut command = driver();
    command.env("PATH", path.path()).args(["status", "--json"]);
    let ended = Ended::of(command);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("missing on this machine: jq"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("next: "), "{}", ended.stderr);
    assert!(ended.stderr.contains("scripts/setup"), "{}", ended.stderr);
}

#[test]
fn a_missing_rust_is_named_if_tools_must_be_built() {
    let path = path_without("cargo");
    let nothing_built = tempfile::tempdir().expect("a folder");
    let mut command = driver();
    command
        .env("PATH", path.path())
        .env("CARGO_TARGET_DIR", nothing_built.path())
        .arg("status");
    let ended = Ended::of(command);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("missing on this machine: Rust 1."),
        "{}",
        ended.stderr
    );
    assert_eq!(
        std::fs::read_dir(nothing_built.path()).expect("a folder").count(),
        0
    );
}

#[test]
fn the_driver_runs_through_a_link() {
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("openshell");
    symlink(repository().join("scripts/openshell"), &link).expect("a link");
    let mut command = Command::new(link);
    command.arg("help");
    assert!(Ended::of(command).well().stdout.contains("Usage"));
}

/// The table of a start must not call something as it should be that its tool left and warned about.
#[test]
fn what_a_tool_left_is_in_its_line() {
    for (document, line) in [
        (
            r#"{"changed": false, "actions": [], "left": []}"#,
            "as it should be",
        ),
        (r#"{"changed": false, "actions": []}"#, "as it should be"),
        (r#"{"condition": "api"}"#, "api: answers"),
        (
            r#"{"changed": true, "actions": [{"verb": "delete"}], "left": []}"#,
            "delete",
        ),
        (
            r#"{"changed": false, "left": [{"object": "node a"}]}"#,
            "left node a",
        ),
        (
            r#"{"changed": true, "actions": [{"verb": "delete"}], "left": [{"object": "node a"}, {"object": "node b"}]}"#,
            "delete; left node a and 1 more",
        ),
    ] {
        let mut command = Command::new("bash");
        command
            .args([
                "-c",
                "source scripts/lib/steps.sh; document=$1; outcome",
                "bash",
                document,
            ])
            .current_dir(repository());
        assert_eq!(Ended::of(command).well().stdout.trim(), line, "{document}");
    }
}

/// All files are sourced into one shell: the later of two functions of one name would silently take the other's place.
#[test]
fn no_two_functions_of_the_driver_have_one_name() {
    let mut seen = std::collections::BTreeMap::new();
    for folder in FOLDERS_OF_VERBS.into_iter().chain(["scripts/lib"]) {
        let files = std::fs::read_dir(repository().join(folder)).expect("the driver's files");
        for file in files.map(|file| file.expect("a file").path()) {
            let text = std::fs::read_to_string(&file).expect("a file of the driver");
            for name in text.lines().filter_map(|line| line.strip_suffix("() {")) {
                let other = seen.insert(name.to_owned(), file.clone());
                assert_eq!(other, None, "{name} is also in {}", file.display());
            }
        }
    }
    assert!(seen.len() > 50, "only {} functions were found", seen.len());
}

/// The words of a line of bash that stand where a command does, if they look like a function's name.
fn called(line: &str) -> Vec<String> {
    let before = [
        "||", "&&", "!", "if", "then", "elif", "else", "do", "while", "until", "{", "(",
    ];
    let spaced = line.replace("$(", " ( ").replace(';', " ; ");
    let mut begins = true;
    let mut found = Vec::new();
    for word in spaced.split_whitespace() {
        let is_name = word.contains('_')
            && !word.starts_with('_')
            && word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        if begins && is_name {
            found.push(word.to_owned());
        }
        begins = before.contains(&word) || word == ";";
    }
    found
}

/// The driver's lines and those of its neighbours that are no comment.
fn lines_of_scripts() -> Vec<String> {
    let mut lines = Vec::new();
    for folder in FOLDERS_OF_VERBS.into_iter().chain(["scripts/lib", "images/lib"]) {
        let files = std::fs::read_dir(repository().join(folder)).expect("the driver's files");
        for file in files.map(|file| file.expect("a file").path()) {
            if file.extension().is_some_and(|end| end == "sh") {
                let text = std::fs::read_to_string(&file).expect("a file of the driver");
                lines.extend(text.lines().map(str::to_owned));
            }
        }
    }
    for file in PROGRAMS {
        lines.extend(text_of(file).lines().map(str::to_owned));
    }
    lines.retain(|line| !line.trim_start().starts_with('#'));
    lines
}

/// The function whose definition begins in a line.
fn defined(line: &str) -> Option<&str> {
    line.strip_suffix("() {").or_else(|| line.strip_suffix("() ("))
}

/// Else it is a command that is not found, at the moment when somebody needs it.
#[test]
fn every_function_that_the_driver_calls_is_there() {
    let lines = lines_of_scripts();
    let there: BTreeSet<&str> = lines.iter().filter_map(|line| defined(line)).collect();
    let mut seen = 0;
    for line in &lines {
        for name in called(line) {
            seen += 1;
            assert!(
                there.contains(name.as_str()),
                "there is no function {name}: {line}"
            );
        }
    }
    assert!(seen > 300, "only {seen} calls were found");
}

/// Functions whose names are put together where they are called: by verb, place and group.
fn is_called_by_pattern(name: &str) -> bool {
    name.ends_with("_in_container")
        || name.ends_with("_on_cluster")
        || name.starts_with("verb_")
        || name.starts_with("look_for_")
        || name.starts_with("part_")
}

#[test]
fn nothing_of_the_driver_is_left_over() {
    let lines = lines_of_scripts();
    let words: BTreeSet<&str> = lines
        .iter()
        .filter(|line| defined(line).is_none())
        .flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'))
        .collect();
    for name in lines.iter().filter_map(|line| defined(line)) {
        assert!(
            words.contains(name) || is_called_by_pattern(name),
            "nobody calls {name}"
        );
    }
}
