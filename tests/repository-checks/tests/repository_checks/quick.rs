//! The tests that need neither root nor Docker.

use std::process::Command;

use repository_checks::root;

fn said(program: &str, words: &[&str]) -> String {
    let mut command = Command::new(program);
    command
        .args(words)
        .current_dir(root())
        .env_remove("MAKEFLAGS")
        .env_remove("MAKELEVEL");
    let output = command.output().expect("it runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn make_quick_runs_what_needs_neither_root_nor_docker() {
    assert_eq!(
        said("make", &["--no-print-directory", "--dry-run", "quick"]),
        "scripts/test format lint unit\n"
    );
}

/// Whether the part itself passes is not asked here.
#[test]
fn a_selection_of_parts_says_what_it_left_out() {
    let all = said("scripts/test", &["format"]);
    let last = all.lines().last().unwrap_or_default();
    assert_eq!(
        last,
        "left out: setup lint unit image chart tools end-to-end; next: scripts/test"
    );
}
