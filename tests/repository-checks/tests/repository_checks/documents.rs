//! What the documents name is there.

use repository_checks::{files, root};

const DOCUMENTS: &[&str] = &["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"];

/// What a text names between backticks, in links and in indented lines of commands.
fn words(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for (count, part) in text.split('`').enumerate() {
        if count % 2 == 1 {
            found.extend(part.split_whitespace());
        }
    }
    found.extend(
        text.split("](")
            .skip(1)
            .filter_map(|rest| rest.split([')', '#']).next()),
    );
    let commands = text.lines().filter(|line| line.starts_with("    "));
    found.extend(commands.flat_map(str::split_whitespace));
    found
        .into_iter()
        .map(|word| word.trim_matches(['\'', '"', '(', ')', ',', ';', ':']))
        .collect()
}

/// `a/{b,c}` is `a/b` and `a/c`.
fn alternatives(word: &str) -> Vec<String> {
    let Some((before, rest)) = word.split_once('{') else {
        return vec![word.to_owned()];
    };
    let (inner, after) = rest.split_once('}').unwrap_or((rest, ""));
    inner
        .split(',')
        .map(|each| format!("{before}{each}{after}"))
        .collect()
}

/// Does a path with stars in it lead to a file or a folder?
fn exists(path: &str, all: &[String]) -> bool {
    let path = path.trim_end_matches('/');
    let parts: Vec<&str> = path.split('/').collect();
    let fits = |part: &str, wanted: &str| match wanted.split_once('*') {
        Some((before, after)) => {
            part.len() >= before.len() + after.len() && part.starts_with(before) && part.ends_with(after)
        }
        None => part == wanted,
    };
    all.iter().any(|file| {
        let file: Vec<&str> = file.split('/').collect();
        file.len() >= parts.len() && file.iter().zip(&parts).all(|(part, wanted)| fits(part, wanted))
    })
}

#[test]
fn every_path_in_a_document_exists() {
    let all: Vec<String> = files().into_iter().map(|file| file.path).collect();
    let tops: Vec<&str> = all
        .iter()
        .filter_map(|path| path.split_once('/'))
        .map(|(top, _)| top)
        .collect();
    let mut missing = Vec::new();
    let mut seen = 0;
    for document in DOCUMENTS {
        let text = std::fs::read_to_string(root().join(document)).expect("a document");
        for word in words(&text) {
            let is_path = word.split_once('/').is_some_and(|(top, _)| tops.contains(&top));
            if !is_path && !word.ends_with(".md") || word.contains(['$', '<']) || word.contains("NAME") {
                continue;
            }
            seen += 1;
            missing.extend(
                alternatives(word)
                    .into_iter()
                    .filter(|path| !exists(path, &all))
                    .map(|path| format!("{document}: {path}")),
            );
        }
    }
    assert!(seen > 60, "{seen} paths");
    assert!(missing.is_empty(), "these paths do not exist: {missing:#?}");
}

#[test]
fn readme_leads_to_the_other_documents() {
    let text = std::fs::read_to_string(root().join("README.md")).expect("a document");
    for document in ["ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md"] {
        assert!(text.contains(&format!("]({document})")), "{document}");
    }
}

/// Every `make TARGET` is a target, and every part of scripts/test is one.
#[test]
fn every_command_of_make_exists() {
    let makefile = std::fs::read_to_string(root().join("Makefile")).expect("a Makefile");
    for document in DOCUMENTS {
        let text = std::fs::read_to_string(root().join(document)).expect("a document");
        for target in text
            .split("make ")
            .skip(1)
            .filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next())
        {
            let is_command =
                text.contains(&format!("`make {target}")) || text.contains(&format!("    make {target}"));
            assert!(
                !is_command || makefile.contains(&format!("\n{target}:")),
                "{document}: make {target}"
            );
        }
    }
}
