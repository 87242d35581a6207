//! Types that two modules need are in a third one: then each can be read without the other.

use std::fs;
use std::path::{Path, PathBuf};

use import_circles::Modules;

fn written(files: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("room");
        fs::write(path, text).expect("room");
    }
    Modules::of(folder.path()).circles()
}

#[test]
fn a_circle_is_found_however_it_is_written() {
    let no_circle = [
        ("main.rs", "mod a;\nmod b;\nuse crate::a::A;\n"),
        ("a.rs", "use crate::b::{self, B};\n// use crate::a\n"),
        (
            "b.rs",
            "pub struct B;\n#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}\n",
        ),
    ];
    assert_eq!(written(&no_circle), Vec::<String>::new());
    let both = ["a imports b", "b imports a"];
    for back in [
        "use crate::a::A;\n",
        "use crate::{c::C, a as other};\n",
        "use crate::{\n    c::{C, D},\n    a::{self, A},\n};\n",
        "fn f() -> crate::a::A { A }\n",
        "use super::a;\n",
        "use crate::A;\n",
    ] {
        let mut files = no_circle.to_vec();
        files[2].1 = back;
        files.push(("c.rs", "pub struct C;\n"));
        files.push(("lib.rs", "mod a;\npub use a::A;\n"));
        assert_eq!(written(&files), both, "{back}");
    }
    let long = [
        ("a.rs", "use crate::b::x;\n"),
        ("b/x.rs", "use super::y::Y;\n"),
        ("b/y.rs", "use crate::a::A;\n"),
        ("b.rs", "mod x;\nmod y;\n"),
    ];
    assert_eq!(written(&long).len(), 3);
    let handed_on = [
        ("a.rs", "mod b;\npub use b::B;\n"),
        ("b.rs", "use crate::a::B;\n"),
        ("a/b.rs", "pub struct B;\n"),
    ];
    assert_eq!(written(&handed_on), Vec::<String>::new());
}

/// Every folder `src` of the repository's crates.
fn all_sources() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut open = ["crates", "tools", "images", "tests"]
        .map(|name| root.join(name))
        .to_vec();
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        let is_crate = folder.join("Cargo.toml").exists();
        for entry in fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            match path.file_name().and_then(|name| name.to_str()) {
                Some("src") if is_crate => found.push(path),
                _ if path.is_dir() => open.push(path),
                _ => {}
            }
        }
    }
    found
}

#[test]
fn no_module_of_a_crate_imports_itself() {
    let all = all_sources();
    assert!(all.len() > 30, "{all:?}");
    let circles: Vec<String> = all
        .iter()
        .flat_map(|sources| {
            let circles = Modules::of(sources).circles();
            circles
                .into_iter()
                .map(move |circle| format!("{}: {circle}", sources.display()))
        })
        .collect();
    assert!(circles.is_empty(), "{circles:#?}");
}
