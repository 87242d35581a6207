//! rust-toolchain.toml asks for parts of the toolchain, and for none that would be downloaded a second time.

use std::process::Command;

use repository_checks::root;
use toml::Table;

#[test]
fn the_toolchain_of_the_machine_is_used_with_its_formatter_and_linter() {
    let text = std::fs::read_to_string(root().join("rust-toolchain.toml")).expect("the file");
    let file: Table = text.parse().expect("settings");
    let toolchain = file["toolchain"].as_table().expect("a toolchain");
    assert_eq!(toolchain.keys().collect::<Vec<_>>(), ["components"]);
    for part in ["clippy", "rustfmt"] {
        assert!(
            toolchain["components"]
                .as_array()
                .expect("parts")
                .iter()
                .any(|it| it.as_str() == Some(part)),
            "{part}"
        );
    }
}

/// rustup may download, but reaches nothing: nothing must be missing.
#[test]
fn cargo_downloads_no_toolchain_here() {
    let mut cargo = Command::new("cargo");
    cargo.arg("--version").current_dir(root());
    // The rustup that runs this test has chosen a toolchain already.
    cargo
        .env_remove("RUSTUP_TOOLCHAIN")
        .env("RUSTUP_AUTO_INSTALL", "1")
        .env("RUSTUP_DIST_SERVER", "http://127.0.0.1:9");
    let output = cargo.output().expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
