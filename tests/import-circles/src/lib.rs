//! Tests: which modules of a crate import each other in a circle. A module is a file; what its tests import does not count, and neither
//! does what the crate's root hands on.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A path of names, such as that of a module.
type Names = Vec<String>;

/// The modules of a crate, each with the text that is compiled outside of tests.
#[derive(Debug, Default)]
pub struct Modules {
    texts: BTreeMap<Names, String>,
    /// What the root has under a name of another module.
    handed_on: BTreeMap<String, Names>,
}

impl Modules {
    /// Of the crate, or of library and program together, whose sources are in this folder.
    ///
    /// # Panics
    /// If a file cannot be read.
    pub fn of(sources: &Path) -> Self {
        let mut modules = Self::default();
        modules.read(sources, &Names::new());
        modules
    }

    fn read(&mut self, folder: &Path, above: &Names) {
        for entry in fs::read_dir(folder).expect("sources").flatten() {
            let path = entry.path();
            let stem = path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .unwrap_or_default();
            let mut names = above.clone();
            if stem != "mod" {
                names.push(stem.to_owned());
            }
            if path.is_dir() {
                self.read(&path, &names);
                continue;
            }
            if path.extension().is_none_or(|end| end != "rs")
                || names.iter().any(|name| name.contains("tests"))
            {
                continue;
            }
            let text = outside_of_tests(&fs::read_to_string(&path).expect("a source"));
            if names == ["lib"] || names == ["main"] {
                for mut names in imports(&text) {
                    names.retain(|name| name != "self");
                    let last = names.last().cloned().unwrap_or_default();
                    self.handed_on.insert(last, names);
                }
            } else {
                self.texts.insert(names, text);
            }
        }
    }

    /// The module that a path from the root leads into.
    fn module_of(&self, path: &[String]) -> Option<Names> {
        let whole = (1..=path.len()).rev().map(|length| path[..length].to_vec());
        let own = whole.into_iter().find(|names| self.texts.contains_key(names));
        own.or_else(|| {
            let elsewhere = self.handed_on.get(path.first()?)?;
            (elsewhere.as_slice() != path).then(|| self.module_of(elsewhere))?
        })
    }

    /// The modules that each module imports.
    pub fn imports(&self) -> BTreeMap<String, BTreeSet<String>> {
        let shown = |names: &Names| names.join("::");
        let of_module = |(names, text): (&Names, &String)| {
            let found = imports(text).into_iter().map(|mut path| {
                match path.first().map(String::as_str) {
                    Some("super") => path = [&names[..names.len() - 1], &path[1..]].concat(),
                    Some("self") => path = [names, &path[1..]].concat(),
                    _ => {}
                }
                self.module_of(&path)
            });
            let others = found.flatten().filter(|found| found != names);
            (shown(names), others.map(|names| shown(&names)).collect())
        };
        self.texts.iter().map(of_module).collect()
    }

    /// Modules that lead back to themselves, each with those of its imports that do.
    pub fn circles(&self) -> Vec<String> {
        let imports = self.imports();
        let leads_to = |from: &str, to: &str| {
            let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
            while let Some(module) = open.pop() {
                for next in &imports[module] {
                    if next == to {
                        return true;
                    }
                    if seen.insert(next.as_str()) {
                        open.push(next);
                    }
                }
            }
            false
        };
        let edges = imports
            .iter()
            .flat_map(|(from, all)| all.iter().map(move |to| (from, to)));
        edges
            .filter(|(from, to)| leads_to(to, from))
            .map(|(from, to)| format!("{from} imports {to}"))
            .collect()
    }
}

/// Without comments, and without what follows the tests, which stand at a file's end.
fn outside_of_tests(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let without_comment = |line: &str| line.split("//").next().unwrap_or_default().to_owned();
    text.lines().map(without_comment).collect::<Vec<_>>().join("\n")
}

/// Paths that a text names, in imports and elsewhere: from the crate's root on, from the module above (`super`), from its own (`self`).
fn imports(text: &str) -> Vec<Names> {
    let mut found = Vec::new();
    for (begin, kept) in [("crate::", &[][..]), ("super::", &["super"])] {
        for (at, _) in text.match_indices(begin) {
            if text[..at]
                .ends_with(|before: char| before.is_alphanumeric() || matches!(before, '_' | ':' | '$'))
            {
                continue;
            }
            let mut above = kept.iter().map(|name| (*name).to_owned()).collect();
            read_tree(&text[at + begin.len()..], &mut above, &mut found);
        }
    }
    // What is handed on of a module below needs no `self`.
    for at in text.match_indices("pub use ").map(|(at, word)| at + word.len()) {
        if !text[at..].starts_with("crate::") && !text[at..].starts_with("super::") {
            read_tree(&text[at..], &mut vec!["self".to_owned()], &mut found);
        }
    }
    found
}

/// Reads `a::{b, c::D}` into its paths; returns what follows.
fn read_tree<'a>(text: &'a str, above: &mut Names, found: &mut Vec<Names>) -> &'a str {
    let depth = above.len();
    let mut rest = text.trim_start();
    loop {
        if let Some(inner) = rest.strip_prefix('{') {
            rest = inner.trim_start();
            while !rest.is_empty() && !rest.starts_with('}') {
                rest = read_tree(rest, above, found).trim_start();
                rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
            }
            rest = rest.strip_prefix('}').unwrap_or(rest);
            break;
        }
        let end = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        if end == 0 {
            // What is neither a name nor a list ends the path, such as a star.
            found.push(above.clone());
            rest = rest.get(1..).unwrap_or_default();
            break;
        }
        if &rest[..end] != "self" {
            above.push(rest[..end].to_owned());
        }
        rest = &rest[end..];
        match rest.strip_prefix("::") {
            Some(next) => rest = next,
            None => {
                found.push(above.clone());
                if let Some(renamed) = rest.trim_start().strip_prefix("as ") {
                    rest = renamed.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
                }
                break;
            }
        }
    }
    above.truncate(depth);
    rest
}
