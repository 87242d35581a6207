//! What is installed works without the checkout and without a Rust toolchain.

use std::path::{Path, PathBuf};
use std::process::Command;

use end_to_end::{Ended, TestGateway, docker, driver, repository, skipped_without_docker};

/// An installation, as a package would have it: below a prefix that is below another folder. Removed when it is dropped.
struct Installed {
    folder: tempfile::TempDir,
}

impl Installed {
    fn new() -> Self {
        let made = Self {
            folder: tempfile::tempdir().expect("a folder"),
        };
        made.make("install");
        made
    }

    fn make(&self, target: &str) {
        let mut make = Command::new("make");
        make.arg(target)
            .current_dir(repository())
            .env("PREFIX", "/opt/gateways")
            .env("DESTDIR", self.folder.path());
        Ended::of(make).well();
    }

    fn prefix(&self) -> PathBuf {
        self.folder.path().join("opt/gateways")
    }

    /// A command of it, with a PATH on which there is no cargo.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir("/")
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("OPENSHELL_GATEWAY")
            .env_remove("OPENSHELL_CLUSTER_IMAGE");
        command
    }

    fn openshell(&self, words: &[&str]) -> Command {
        let mut command = self.command(&self.prefix().join("bin/openshell"));
        command.args(words);
        command
    }
}

fn words_of(mut command: Command, words: &[&str]) -> String {
    command.args(words);
    Ended::of(command).well().stdout
}

#[test]
fn driver_tools_manual_pages_and_completions_are_installed_and_removed() {
    let installed = Installed::new();
    let here = words_of(driver(), &["version"]);
    assert_eq!(words_of(installed.openshell(&[]), &["version"]), here);
    assert_eq!(
        words_of(installed.openshell(&[]), &["help"]),
        words_of(driver(), &["help"])
    );
    let detect = installed.command(&installed.prefix().join("bin/gw-detect"));
    assert!(words_of(detect, &["--version"]).starts_with("gw-detect "));

    let page = |name: &str| {
        std::fs::read_to_string(installed.prefix().join("share/man/man1").join(name)).expect("a page")
    };
    let of_driver = page("openshell.1");
    for said in [
        ".TH OPENSHELL 1",
        ".SH \"OPENSHELL START\"",
        "\\-\\-on\\-failure WHAT",
        ".SH EXIT STATUS",
    ] {
        assert!(of_driver.contains(said), "{said}");
    }
    for said in [".SH \"GW-CONTAINER BACKUP\"", "volume_image_mismatch"] {
        assert!(page("gw-container.1").contains(said), "{said}");
    }
    let completions = installed
        .prefix()
        .join("share/bash-completion/completions/openshell");
    assert!(
        std::fs::read_to_string(completions)
            .expect("completions")
            .contains("complete -F")
    );

    installed.make("uninstall");
    let left = Ended::of({
        let mut find = Command::new("find");
        find.arg(installed.prefix()).args(["!", "-type", "d"]);
        find
    });
    assert_eq!(left.well().stdout, "");
}

#[test]
fn an_installed_driver_builds_the_image_and_starts_a_gateway_without_cargo() {
    if skipped_without_docker() {
        return;
    }
    let installed = Installed::new();
    let share = installed.prefix().join("share/openshell");
    let build = |words: &[&str]| words_of(installed.command(&share.join("images/build")), words);
    let mut of_checkout = Command::new(repository().join("images/build"));
    of_checkout.arg("--print-tag");
    let tag = Ended::of(of_checkout).well().stdout;
    assert_eq!(build(&["--print-tag"]), tag, "the same image as the checkout's");

    let gateway = TestGateway::unmade();
    let mut start = installed.openshell(&[
        "start",
        "--gateway",
        &gateway.name,
        "--port",
        &gateway.port.to_string(),
    ]);
    start.env("XDG_CONFIG_HOME", gateway.config());
    Ended::of(start).well();
    assert_eq!(gateway.status()["state"], "serving");

    // What is compiled is deployed from the checkout.
    let deploy = |parts: &[&str]| {
        let mut deploy = installed.openshell(&["deploy", "--gateway", &gateway.name]);
        deploy.args(parts).env("XDG_CONFIG_HOME", gateway.config());
        Ended::of(deploy)
    };
    let all = deploy(&[]).well();
    assert!(
        all.stderr
            .contains("supervisor    its sources are in the checkout"),
        "{}",
        all.stderr
    );
    let refused = deploy(&["gateway"]);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("its sources are in the checkout"),
        "{}",
        refused.stderr
    );

    // Another image than the checkout's, so that one is built.
    let hash = format!("{:016x}", rand::random::<u64>()).repeat(4);
    std::fs::write(share.join("images/built-from"), format!("{hash}\n")).expect("room");
    let other = build(&[]).trim().to_owned();
    let inspected = docker(&["image", "inspect", "--format", "{{.Config.Entrypoint}}", &other]);
    docker(&["tag", tag.trim(), "openshell/cluster:local"]);
    docker(&["rmi", &other]);
    assert!(inspected.contains("cluster-node"), "{inspected}");
}
