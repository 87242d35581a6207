//! Tests: the files of this repository, and what of a Rust source is compiled outside of tests.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A file that git knows or would take.
#[derive(Clone, Debug)]
pub struct File {
    /// From the repository's root on.
    pub path: String,
    /// Its content; empty if it is not text. Of a symbolic link it is where the link leads to.
    pub text: String,
}

impl File {
    /// The name without its folders.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The folder that it is in, from the root on; empty for the root.
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Is it a source that only tests compile?
    pub fn is_test(&self) -> bool {
        let is_tests = |part: &str| matches!(part, "tests" | "tests.rs") || part.ends_with("_tests.rs");
        self.path.starts_with("tests/") || self.path.split('/').any(is_tests)
    }

    /// Without comments, and without the tests at its end.
    pub fn outside_of_tests(&self) -> String {
        if self.is_test() {
            return String::new();
        }
        let text = self.text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        without_comments(text)
    }
}

/// Lines without what follows `//`.
pub fn without_comments(text: &str) -> String {
    let code = |line: &str| line.split("//").next().unwrap_or_default().to_owned();
    text.lines().map(code).collect::<Vec<_>>().join("\n")
}

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All files of the repository.
///
/// # Panics
/// If git does not list them.
pub fn files() -> Vec<File> {
    let mut git = Command::new("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root());
    let listed = git.output().expect("git runs");
    assert!(listed.status.success(), "git lists the files");
    let paths = String::from_utf8(listed.stdout).expect("paths");
    let present = paths
        .lines()
        .filter(|path| root().join(path).symlink_metadata().is_ok());
    present
        .map(|path| File {
            path: path.to_owned(),
            text: text(&root().join(path)),
        })
        .collect()
}

fn text(path: &Path) -> String {
    match std::fs::read_link(path) {
        Ok(target) => format!("{}\n", target.display()),
        Err(_) => String::from_utf8(std::fs::read(path).expect("a file")).unwrap_or_default(),
    }
}

/// Does the text contain the word, with neither letter, digit, `_` nor `-` beside it?
pub fn has_word(text: &str, word: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-');
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}
