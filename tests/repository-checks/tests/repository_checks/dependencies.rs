//! Every dependency is used, where it is said to be used.

use repository_checks::{File, files, without_comments};
use toml::{Table, Value};

/// Dependencies that only generated code uses.
const GENERATED: &[(&str, &str)] = &[
    ("images/reference/base", "prost"),
    ("images/reference/base", "prost-types"),
    ("images/reference/base", "tonic-prost"),
];

fn table<'a>(manifest: &'a Table, path: &[&str]) -> Option<&'a Table> {
    path.iter()
        .try_fold(manifest, |table, name| table.get(*name)?.as_table())
}

fn names(manifest: &Table, path: &[&str]) -> Vec<String> {
    table(manifest, path)
        .into_iter()
        .flat_map(|found| found.keys().cloned())
        .collect()
}

/// Is the crate named in a path or imported? Its name alone may be a word of another meaning.
fn uses(code: &str, dependency: &str) -> bool {
    let name = dependency.replace('-', "_");
    code.match_indices(&name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = &code[at + name.len()..];
        let begins =
            !before.is_some_and(|letter| letter.is_alphanumeric() || matches!(letter, '_' | ':' | '.'));
        let is_imported = code[..at].ends_with("use ") && after.starts_with([';', ' ']);
        begins && (after.starts_with("::") || is_imported)
    })
}

/// The code of a crate that may use the dependencies of a section.
fn code(all: &[File], folder: &str, section: &str) -> String {
    let inside = format!("{folder}/");
    let sources = all
        .iter()
        .filter(|file| file.path.starts_with(&inside) && file.path.ends_with(".rs"));
    let mut found = String::new();
    for file in sources {
        let below = &file.path[inside.len()..];
        let part = match section {
            "build-dependencies" if below == "build.rs" => without_comments(&file.text),
            "dependencies" if below.starts_with("src/") && folder.starts_with("tests/") => {
                without_comments(&file.text)
            }
            "dependencies" if below.starts_with("src/") => file.outside_of_tests(),
            "dev-dependencies" => without_comments(&file.text),
            _ => continue,
        };
        found.push_str(&part);
        found.push('\n');
    }
    found
}

#[test]
fn a_word_is_not_a_use() {
    for (text, used) in [
        ("use http::Request;", true),
        ("let a = http::Request::new();", true),
        ("use http;", true),
        ("use http as h;", true),
        ("\"http://a\"", false),
        ("let http = 1;", false),
        ("my_http::x()", false),
        ("crate::http::x()", false),
    ] {
        assert_eq!(uses(text, "http"), used, "{text}");
    }
}

#[test]
fn every_dependency_is_used() {
    let all = files();
    let mut unused = Vec::new();
    let mut wanted = Vec::new();
    let mut offered = Vec::new();
    for file in all.iter().filter(|file| file.name() == "Cargo.toml") {
        let manifest: Table = file.text.parse().expect("a manifest");
        offered.extend(names(&manifest, &["workspace", "dependencies"]));
        assert!(
            !manifest.contains_key("target"),
            "{}: dependencies of a target are not checked yet",
            file.path
        );
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let code = code(&all, file.folder(), section);
            for name in names(&manifest, &[section]) {
                if !uses(&code, &name) && !GENERATED.contains(&(file.folder(), &name)) {
                    unused.push(format!("{}: {section}: {name}", file.path));
                }
                if table(&manifest, &[section, &name]).and_then(|entry| entry.get("workspace"))
                    == Some(&Value::Boolean(true))
                {
                    wanted.push(name);
                }
            }
        }
    }
    unused.extend(
        offered
            .into_iter()
            .filter(|name| !wanted.contains(name))
            .map(|name| format!("Cargo.toml: workspace.dependencies: {name}")),
    );
    assert!(unused.is_empty(), "nothing uses: {unused:#?}");
}
