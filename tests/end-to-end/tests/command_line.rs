//! The driver's command line, without Docker: what a typing mistake or a missing program leads to.

use std::os::unix::fs::symlink;
use std::process::Command;

use end_to_end::{Ended, driver, repository};

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
        (vec!["stop", "--port", "1"], "'start'"),
        (vec!["start", "--yes"], "'destroy'"),
        (vec!["--json", "start"], "the verb comes first"),
    ] {
        let ended = run(&arguments);
        assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(named), "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains("next: openshell help"), "{}", ended.stderr);
        assert_eq!(ended.stdout, "", "{arguments:?}");
    }
}

#[test]
fn no_verb_prints_the_help_and_is_a_usage_error() {
    let ended = run(&[]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("Usage: openshell VERB"), "{}", ended.stderr);
}

#[test]
fn help_lists_every_verb_and_flag_that_the_driver_reads() {
    let help = run(&["help"]).well().stdout;
    let flags =
        std::fs::read_to_string(repository().join("scripts/lib/flags.sh")).expect("the driver's flags");
    let mut seen = 0;
    for word in flags.split(|c: char| c.is_whitespace() || c == '|' || c == ')') {
        let is_flag = word.starts_with("--")
            && word.len() > 3
            && word[2..].chars().all(|c| c.is_ascii_lowercase() || c == '-');
        if is_flag && word != "--help" {
            assert!(help.contains(word), "{word} is not in the help");
            seen += 1;
        }
    }
    assert!(seen > 12, "only {seen} flags were found in flags.sh");
    for verb in ["start", "stop", "destroy", "status", "help"] {
        assert!(help.contains(&format!("\n  {verb} ")), "{verb}");
    }
}

/// A PATH with the commands that the driver runs before anything else, without `left_out`.
fn path_without(left_out: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for name in [
        "bash", "env", "dirname", "readlink", "find", "uname", "sed", "tail", "mktemp", "jq", "cargo", "rm",
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
fn missing_jq_is_named_with_the_command_that_installs_it() {
    let path = path_without("jq");
    let mut command = driver();
    command.env("PATH", path.path()).args(["status", "--json"]);
    let ended = Ended::of(command);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .contains("jq is not installed; next: apt-get install jq"),
        "{}",
        ended.stderr
    );
}

#[test]
fn missing_cargo_is_named_where_tools_must_be_built() {
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
        ended
            .stderr
            .contains("cargo is not installed; next: install Rust"),
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
