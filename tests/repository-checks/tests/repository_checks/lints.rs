//! The lints that hold for all crates.

use repository_checks::{files, root};
use toml::{Table, Value};

#[test]
fn every_crate_forbids_unsafe_code_and_wants_documentation() {
    let text = std::fs::read_to_string(root().join("Cargo.toml")).expect("the workspace");
    let workspace: Table = text.parse().expect("a manifest");
    let lints = workspace["workspace"]["lints"]["rust"].as_table().expect("lints");
    assert_eq!(lints["unsafe_code"].as_str(), Some("forbid"));
    assert_eq!(lints["missing_docs"].as_str(), Some("deny"));
    for file in files() {
        if file.name() == "Cargo.toml" && file.path != "Cargo.toml" {
            let manifest: Table = file.text.parse().expect("a manifest");
            let lints = manifest.get("lints").and_then(|lints| lints.get("workspace"));
            assert_eq!(lints, Some(&Value::Boolean(true)), "{}", file.path);
        }
    }
}
