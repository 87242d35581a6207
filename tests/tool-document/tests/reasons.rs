//! Reasons of failures: one word means one thing, whichever tool reports it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A reason as it is defined: `Reason::new("word", Exit::Failed, "...")`.
struct Defined {
    word: String,
    exit: String,
    meaning: String,
    file: PathBuf,
}

/// All Rust sources below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found
}

fn text(file: &Path) -> String {
    fs::read_to_string(file).expect("a source")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn defined() -> Vec<Defined> {
    let files = ["crates", "tools"]
        .map(|name| sources(&root().join(name)))
        .concat();
    let of_file = |file: PathBuf| {
        let text = text(&file);
        let mut found = Vec::new();
        for definition in text.split("Reason::new(").skip(1) {
            let exit = definition.split_once("Exit::").map(|(_, rest)| rest);
            let mut quoted = definition.split('"').skip(1).step_by(2);
            if let (Some(word), Some(exit), Some(meaning)) = (quoted.next(), exit, quoted.next()) {
                let exit = exit.chars().take_while(char::is_ascii_alphabetic).collect();
                found.push(Defined {
                    word: word.to_owned(),
                    exit,
                    meaning: meaning.to_owned(),
                    file: file.clone(),
                });
            }
        }
        found
    };
    files.into_iter().flat_map(of_file).collect()
}

#[test]
fn a_reason_has_one_exit_code_and_one_meaning() {
    let mut known: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
    let all = defined();
    assert!(all.len() > 80, "{}", all.len());
    for reason in all {
        let of_word = known.entry(reason.word).or_default();
        of_word.insert((reason.exit, reason.meaning));
    }
    known.retain(|_, of_word| of_word.len() > 1);
    assert!(known.is_empty(), "{known:#?}");
}

#[test]
fn every_reason_of_a_tool_is_reported() {
    for reason in defined() {
        if reason.file.ends_with("src/reasons.rs") {
            let folder = reason.file.parent().expect("a folder");
            let name = reason.word.to_uppercase();
            let others = sources(folder).into_iter().filter(|file| *file != reason.file);
            let is_used = others.into_iter().any(|file| text(&file).contains(&name));
            assert!(
                is_used,
                "{}: nothing reports {}",
                reason.file.display(),
                reason.word
            );
        }
    }
}
