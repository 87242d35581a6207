//! .editorconfig says how the files are written, and they are.

use std::collections::BTreeMap;

use repository_checks::{files, root};

/// Each section's patterns and settings, in order.
type Sections = Vec<(Vec<String>, BTreeMap<String, String>)>;

fn sections(text: &str) -> Sections {
    let mut found = Sections::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some(pattern) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            found.push((alternatives(pattern), BTreeMap::new()));
        } else if let (Some((name, value)), Some((_, settings))) = (line.split_once(" = "), found.last_mut())
        {
            settings.insert(name.to_owned(), value.to_owned());
        }
    }
    found
}

/// `*.{a,b}` is `*.a` and `*.b`.
fn alternatives(pattern: &str) -> Vec<String> {
    match pattern
        .split_once('{')
        .and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        Some((before, (inner, after))) => inner
            .split(',')
            .map(|each| format!("{before}{each}{after}"))
            .collect(),
        None => vec![pattern.to_owned()],
    }
}

/// A pattern is a name with at most one star in it, or `**/FOLDER/**`.
fn fits(path: &str, pattern: &str) -> bool {
    if let Some(folder) = pattern
        .strip_prefix("**")
        .and_then(|rest| rest.strip_suffix("**"))
    {
        return path.contains(folder);
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    match pattern.split_once('*') {
        Some((before, after)) => name.starts_with(before) && name.ends_with(after),
        None => name == pattern,
    }
}

/// What of the settings a text does not keep to.
fn faults(text: &str, setting: impl Fn(&str) -> String) -> Vec<&'static str> {
    let is_on = |name: &str| setting(name) == "true";
    let mut found = Vec::new();
    let mut check = |is_wrong: bool, fault| {
        if is_wrong {
            found.push(fault);
        }
    };
    let (last, lines) = (text.ends_with('\n') || text.is_empty(), || text.split('\n'));
    check(is_on("insert_final_newline") && !last, "no newline at its end");
    check(
        setting("end_of_line") == "lf" && text.contains('\r'),
        "a carriage return",
    );
    check(
        is_on("trim_trailing_whitespace") && lines().any(|line| line.ends_with([' ', '\t'])),
        "a blank at the end of a line",
    );
    check(
        setting("indent_style") == "space" && lines().any(|line| line.starts_with('\t')),
        "a tab at the beginning of a line",
    );
    check(
        setting("indent_style") == "tab" && lines().any(|line| line.starts_with("  ")),
        "blanks at the beginning of a line",
    );
    found
}

#[test]
fn what_an_editor_would_change_is_found() {
    let setting = |name: &str| {
        let value = match name {
            "indent_style" => "space",
            "end_of_line" => "lf",
            _ => "true",
        };
        value.to_owned()
    };
    assert_eq!(faults("a\n    b\n", setting), Vec::<&str>::new());
    for text in ["a", "a \n", "a\r\n", "\ta\n"] {
        assert_eq!(faults(text, setting).len(), 1, "{}", text.escape_debug());
    }
    assert!(fits("a/written/b.json", "**/written/**") && !fits("a/b.json", "**/written/**"));
    assert!(fits("a/b.json", "*.json") && fits("a/Makefile", "Makefile") && !fits("a/b.rs", "*.json"));
}

#[test]
fn every_file_is_as_an_editor_would_write_it() {
    let sections = sections(&std::fs::read_to_string(root().join(".editorconfig")).expect("the settings"));
    assert!(sections.len() > 2);
    let mut found = Vec::new();
    for file in files() {
        let setting = |name: &str| {
            let fitting = sections
                .iter()
                .filter(|(patterns, _)| patterns.iter().any(|pattern| fits(&file.path, pattern)));
            fitting
                .filter_map(|(_, settings)| settings.get(name))
                .next_back()
                .cloned()
                .unwrap_or_default()
        };
        found.extend(
            faults(&file.text, setting)
                .into_iter()
                .map(|fault| format!("{}: {fault}", file.path)),
        );
    }
    assert!(found.is_empty(), "{found:#?}");
}
