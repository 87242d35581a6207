//! Every file is there because something names it.

use repository_checks::{File, files, has_word};

/// Names that many folders have: such a file is named by its folder, too.
const GENERIC: &[&str] = &["Cargo.toml", "Dockerfile", "main.go", "Chart.yaml"];

/// What cargo, git and people look for by these very names.
const EXPECTED: &[&str] = &[
    ".cargo/config.toml",
    ".ci/run",
    ".editorconfig",
    ".gitignore",
    ".shellcheckrc",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "Makefile",
    "README.md",
    "clippy.toml",
    "rust-toolchain.toml",
    "rustfmt.toml",
];

/// Sources that cargo finds by itself.
fn is_target(file: &File) -> bool {
    let parts: Vec<&str> = file.path.split('/').collect();
    match parts.as_slice() {
        [.., "build.rs"] | [.., "src", "main.rs" | "lib.rs"] | [.., "src", "bin", _] => true,
        [.., "tests", _, "main.rs"] | [.., "examples", _] => true,
        [above @ .., "tests", _] => !above.contains(&"src"),
        _ => false,
    }
}

/// A module is declared in the same crate.
fn is_module(file: &File, all: &[File]) -> bool {
    let name = match file.name() {
        "mod.rs" => file.folder().rsplit('/').next().unwrap_or_default(),
        name => name.trim_end_matches(".rs"),
    };
    let within: Vec<&str> = file
        .path
        .split('/')
        .take_while(|part| !matches!(*part, "src" | "tests" | "examples"))
        .collect();
    let within = match within.as_slice() {
        // The folder of all test crates is not that of a crate.
        [] => file.path.split('/').take(2).collect::<Vec<_>>().join("/"),
        parts => parts.join("/"),
    };
    all.iter()
        .filter(|other| other.path.starts_with(&format!("{within}/")) && other.path != file.path)
        .any(|other| {
            let by_path = format!("#[path = \"{}\"]", file.name());
            other.text.contains(&format!("mod {name};")) || other.text.contains(&by_path)
        })
}

/// helm reads a chart's files by their place; the chart itself must be named.
fn is_of_chart(file: &File, all: &[File]) -> bool {
    let chart = all
        .iter()
        .find(|chart| chart.name() == "Chart.yaml" && file.path.starts_with(&format!("{}/", chart.folder())));
    chart.is_some_and(|chart| {
        let below = &file.path[chart.folder().len() + 1..];
        let by_helm = below.starts_with("templates/") || below.starts_with("crds/");
        by_helm
            || matches!(
                below,
                ".helmignore" | "Chart.yaml" | "values.yaml" | "values.schema.json" | "crds"
            )
    })
}

/// Does a script read this file of scripts/lib?
fn loads(text: &str, name: &str) -> bool {
    let library = name.rsplit_once('.').map_or(name, |(library, _)| library);
    let listed = text.lines().filter(|line| line.starts_with("libraries=("));
    text.contains(&format!("lib/{name}"))
        || text.contains(&format!("include \"{library}\""))
        || has_word(text, &format!("lib/{library}"))
        || listed.into_iter().any(|line| has_word(line, library))
}

fn is_named(file: &File, all: &[File]) -> bool {
    if EXPECTED.contains(&file.path.as_str()) {
        return true;
    }
    let parts: Vec<&str> = file.path.split('/').collect();
    let others = || all.iter().filter(|other| other.path != file.path);
    match parts.as_slice() {
        [.., name] if name.ends_with(".rs") => is_target(file) || is_module(file, all),
        // The driver finds these by the verb that was typed.
        ["scripts", "verbs" | "container" | "cluster", name] => {
            let verb = name.trim_end_matches(".sh");
            others().any(|other| other.path == "scripts/lib/help.sh" && has_word(&other.text, verb))
        }
        ["scripts", "lib", name] => others().any(|other| loads(&other.text, name)),
        // Members of the workspace are named with a star.
        ["crates" | "tools", _, "Cargo.toml"] => true,
        _ if is_of_chart(file, all) && file.name() != "Chart.yaml" => true,
        // By its folder, as what builds from a folder does it.
        [.., below, above, name] if GENERIC.contains(name) => others().any(|other| {
            let names = [
                format!("{above}/{name}"),
                format!("{below}/{above}"),
                format!("./{above}"),
            ];
            names.iter().any(|word| has_word(&other.text, word))
                || is_of_chart(file, all) && has_word(&other.text, above)
        }),
        // A name without an end may be a word of the language.
        [.., above, name] if !name.contains('.') => {
            others().any(|other| has_word(&other.text, &format!("{above}/{name}")))
        }
        [.., name] => others().any(|other| has_word(&other.text, name)),
        [] => true,
    }
}

#[test]
fn every_file_is_named_by_something() {
    let all = files();
    assert!(all.len() > 500, "{}", all.len());
    let unnamed: Vec<_> = all
        .iter()
        .filter(|file| !is_named(file, &all))
        .map(|file| &file.path)
        .collect();
    assert!(unnamed.is_empty(), "nothing uses: {unnamed:#?}");
}

#[test]
fn a_file_that_nothing_names_is_found() {
    let mut all = files();
    let dead = [
        "images/gateway/Dockerfile",
        "images/lib/forgotten.sh",
        "scripts/lib/forgotten.sh",
        "scripts/verbs/forgotten.sh",
        "scripts/forgotten",
        "crates/contract/src/forgotten.rs",
        "tools/gw-wait/src/condition/forgotten.rs",
        "tests/charts/forgotten/Chart.yaml",
        "crates/client-files/tests/written/forgotten.json",
    ];
    all.retain(|file| !file.path.starts_with("tests/repository-checks/"));
    for path in dead {
        let file = File {
            path: path.to_owned(),
            text: String::new(),
        };
        assert!(!is_named(&file, &all), "{path}");
    }
}
