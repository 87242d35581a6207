//! shellcheck finds by .shellcheckrc what a script reads, whatever folder it is run in.

use std::process::Command;

use repository_checks::{files, root};

#[test]
fn a_script_is_followed_into_its_files_from_any_folder() {
    for script in ["scripts/openshell", "images/build", "bench/run"] {
        let mut shellcheck = Command::new("shellcheck");
        shellcheck.current_dir("/").arg(root().join(script));
        let output = shellcheck.output().expect("shellcheck runs");
        assert!(
            output.status.success(),
            "{script}: {}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
}

#[test]
fn no_comment_says_again_which_file_is_read() {
    let comment = concat!("# shellcheck ", "source=");
    for file in files() {
        let said = file
            .text
            .lines()
            .filter(|line| line.contains(comment) && !line.contains("/dev/null"));
        assert_eq!(said.count(), 0, "{}", file.path);
    }
}
