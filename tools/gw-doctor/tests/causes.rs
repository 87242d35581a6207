//! The causes as a whole.

use std::collections::BTreeSet;
use std::fmt::Write;

use gw_doctor::cause::{Area, Cause};
use gw_doctor::question::Question;

/// Every cause, also those whose word is a tool's own reason.
fn every_cause() -> Vec<Cause> {
    let untold = Question::ALL.map(Cause::NotTold);
    [Cause::ALL, &untold].concat()
}

/// Is this cause found again on the way that leads to what it follows from?
fn leads_back(cause: Cause, way: &mut Vec<Cause>) -> bool {
    if way.contains(&cause) {
        return true;
    }
    way.push(cause);
    let mut explaining = cause.follows_from().iter().copied().flatten();
    let found = explaining.any(|cause| leads_back(*cause, way));
    if !found {
        way.pop();
    }
    found
}

/// Two findings that explained each other would both be left out.
#[test]
fn no_cause_follows_from_itself() {
    for cause in every_cause() {
        let mut way = Vec::new();
        assert!(!leads_back(cause, &mut way), "a circle: {way:?}");
    }
}

#[test]
fn each_cause_has_a_word_of_its_own() {
    let words: BTreeSet<&str> = Cause::ALL.iter().filter_map(|cause| cause.word()).collect();
    assert_eq!(words.len(), Cause::ALL.len());
    for word in words {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        assert!(word.bytes().all(is_plain), "{word}");
    }
}

#[test]
fn the_table_of_readme_is_the_list_of_causes() {
    let mut table = String::from("| looked at | causes |\n| --- | --- |\n");
    for area in Area::ALL {
        let causes = Cause::ALL.iter().filter(|cause| cause.area() == Some(area));
        let words: Vec<String> = causes
            .filter_map(|cause| cause.word())
            .map(|word| format!("`{word}`"))
            .collect();
        let _ = writeln!(table, "| {} | {} |", area.title(), words.join(", "));
    }
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
    let readme = std::fs::read_to_string(readme).expect("README");
    assert!(
        readme.contains(&format!("\n{table}\n")),
        "README's table should be:\n{table}"
    );
}
