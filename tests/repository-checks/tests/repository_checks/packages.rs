//! Other people's crates: their licences, where they come from, and which are there twice.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use repository_checks::root;
use serde_json::Value;

/// Licences that this project's own allows to be compiled in: no source code has to be handed out.
const LICENCES: &[&str] = &[
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Zlib",
];

/// Crates of more than one version, each with who keeps the older ones.
const TWICE: &[(&str, &str)] = &[
    (
        "base64",
        "bollard, k8s-openapi and tonic are at 0.22, kube and pem at 0.23",
    ),
    ("bit-set", "fancy-regex (jsonschema) is at 0.8, proptest at 0.11"),
    ("bit-vec", "bit-set's two versions, and yasna (rcgen) at 0.9"),
    ("foldhash", "petgraph (protox) by hashbrown 0.15"),
    ("getrandom", "ring is at 0.2, ahash (kube) at 0.3, rand at 0.4"),
    (
        "hashbrown",
        "petgraph (protox) is at 0.15, kube-runtime at 0.16, indexmap at 0.17",
    ),
    ("prettyplease", "tonic-build is at 0.2, prost-build at 0.3"),
    (
        "syn",
        "argh, prost, tonic and zeroize derive with 2, serde, tokio and thiserror with 3",
    ),
    (
        "synstructure",
        "asn1-rs (x509-parser) is at 0.13, zerovec (url) at 0.14",
    ),
    (
        "unicode-width",
        "miette (protox) is at 0.1, annotate-snippets (kube) at 0.2",
    ),
];

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// What cargo knows of the crates that are compiled on Linux.
fn packages() -> Vec<Value> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .current_dir(root())
        .args(["metadata", "--locked", "--format-version", "1"]);
    cargo.args([
        "--filter-platform",
        &format!("{}-unknown-linux-gnu", std::env::consts::ARCH),
    ]);
    let output = cargo.output().expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("metadata");
    let nodes = metadata["resolve"]["nodes"].as_array().expect("nodes");
    let used: BTreeSet<&str> = nodes.iter().filter_map(|node| node["id"].as_str()).collect();
    let all = metadata["packages"].as_array().expect("packages").iter();
    all.filter(|package| package["id"].as_str().is_some_and(|id| used.contains(id)))
        .cloned()
        .collect()
}

/// Is this allowed: `MIT OR Apache-2.0`, `(A OR B) AND C`, and the older `MIT/Apache-2.0`?
fn is_allowed(expression: &str) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let allowed = any_of(&mut words);
    allowed && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any_of(words: &mut Words<'_>) -> bool {
    let mut allowed = all_of(words);
    while words.next_if_eq(&"OR").is_some() {
        allowed |= all_of(words);
    }
    allowed
}

fn all_of(words: &mut Words<'_>) -> bool {
    let mut allowed = one(words);
    while words.next_if_eq(&"AND").is_some() {
        allowed &= one(words);
    }
    allowed
}

fn one(words: &mut Words<'_>) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let allowed = any_of(words);
        return words.next() == Some(")") && allowed;
    }
    let Some(licence) = words.next() else {
        return false;
    };
    match words.next_if_eq(&"WITH").and_then(|_| words.next()) {
        Some(exception) => LICENCES.contains(&format!("{licence} WITH {exception}").as_str()),
        None => LICENCES.contains(&licence),
    }
}

#[test]
fn an_expression_is_read_as_it_is_meant() {
    for (expression, allowed) in [
        ("MIT", true),
        ("MIT OR Apache-2.0", true),
        ("MIT/Apache-2.0", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0 AND MIT", false),
        ("(MIT OR GPL-3.0) AND ISC", true),
        ("(MIT AND GPL-3.0) OR ISC", true),
        ("(MIT AND GPL-3.0) OR LGPL-2.1", false),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("MIT WITH other-exception", false),
        ("MIT MIT", false),
        ("(MIT", false),
        ("", false),
    ] {
        assert_eq!(is_allowed(expression), allowed, "{expression}");
    }
}

#[test]
fn every_crate_has_an_allowed_licence_and_comes_from_the_registry() {
    let mut refused = Vec::new();
    for package in packages() {
        let name = package["name"].as_str().unwrap_or_default();
        let licence = package["license"].as_str().unwrap_or_default();
        // This workspace's own have no source.
        let source = package["source"].as_str().unwrap_or(REGISTRY);
        if !is_allowed(licence) || source != REGISTRY {
            refused.push(format!("{name}: {licence}, from {source}"));
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn no_crate_is_there_twice_without_a_reason() {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in packages() {
        let text = |field: &str| package[field].as_str().unwrap_or_default().to_owned();
        versions.entry(text("name")).or_default().insert(text("version"));
    }
    versions.retain(|_, all| all.len() > 1);
    for (name, all) in &versions {
        assert!(
            TWICE.iter().any(|(known, _)| known == name),
            "{name} is there as {all:?}: cargo tree --invert {name}"
        );
    }
    for (name, reason) in TWICE {
        assert!(
            versions.contains_key(*name),
            "{name} is no longer there twice: {reason}"
        );
    }
}
