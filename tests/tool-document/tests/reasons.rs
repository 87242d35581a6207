//! Reasons of failures: one word means one thing, whichever tool reports it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A reason as it is defined: `Reason::new("word", Exit::Failed, "...")`.
struct Defined {
    word: String,
    exit: String,
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
            let mut parts = definition.split(',').map(str::trim);
            let word = parts
                .next()
                .and_then(|word| word.strip_prefix('"')?.strip_suffix('"'));
            let exit = parts.next().and_then(|exit| exit.strip_prefix("Exit::"));
            if let (Some(word), Some(exit)) = (word, exit) {
                found.push(Defined {
                    word: word.to_owned(),
                    exit: exit.to_owned(),
                    file: file.clone(),
                });
            }
        }
        found
    };
    files.into_iter().flat_map(of_file).collect()
}

#[test]
fn a_reason_has_one_exit_code() {
    let mut exits: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let all = defined();
    assert!(all.len() > 80, "{}", all.len());
    for reason in all {
        let known = exits.entry(reason.word).or_default();
        if !known.contains(&reason.exit) {
            known.push(reason.exit);
        }
    }
    exits.retain(|_, known| known.len() > 1);
    assert!(exits.is_empty(), "{exits:?}");
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
