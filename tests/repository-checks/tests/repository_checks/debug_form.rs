//! No message shows a value in Rust's Debug form.

use repository_checks::{File, files};

/// Where the name of a library's variant becomes words.
const MADE_WORDS: &[&str] = &["crates/error-words/src/tls.rs"];

/// Placeholders such as `{error:?}` and `{:#?}`.
fn debug_placeholders(code: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices('{') {
        let inner = &code[at + 1..];
        let inner = &inner[..inner.find(['{', '}', '"', '\n']).unwrap_or(0)];
        if inner.ends_with('?') && inner.contains(':') {
            found.push(inner);
        }
    }
    found
}

#[test]
fn a_debug_placeholder_is_found_however_it_is_written() {
    let code =
        r#"f("{:?}", a); f("{a:?} {{b}} {a:#?}"); f("{0:02x?}"); f("{:>3}"); match x { A::B => c()?, }"#;
    assert_eq!(debug_placeholders(code), [":?", "a:?", "a:#?", "0:02x?"]);
}

#[test]
fn no_message_shows_a_debug_form() {
    let is_product = |file: &&File| {
        ["tools/", "crates/", "images/"]
            .iter()
            .any(|folder| file.path.starts_with(folder))
            && file.path.ends_with(".rs")
            && !MADE_WORDS.contains(&file.path.as_str())
    };
    let all = files();
    let mut found = Vec::new();
    for file in all.iter().filter(is_product) {
        let code = file.outside_of_tests();
        found.extend(
            debug_placeholders(&code)
                .iter()
                .map(|inner| format!("{}: {{{inner}}}", file.path)),
        );
        if code.contains("dbg!(") {
            found.push(format!("{}: dbg!", file.path));
        }
    }
    assert!(found.is_empty(), "a message needs words instead: {found:#?}");
}
