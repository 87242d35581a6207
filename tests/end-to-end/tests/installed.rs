//! What is installed works without the checkout and without a Rust toolchain.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use end_to_end::{Ended, TestGateway, docker, driver, repository, skipped_without_docker, typed};

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

    fn gw(&self, words: &[&str]) -> Command {
        let mut command = self.command(&self.prefix().join("bin/gw"));
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
    let here = words_of(driver(), &["version"]).replacen("openshell", "gw", 1);
    assert_eq!(words_of(installed.gw(&[]), &["version"]), here);
    let path = installed.prefix().join("bin/gw").display().to_string();
    assert_eq!(
        words_of(installed.gw(&[]), &["help"]),
        words_of(driver(), &["help"]).replace(&typed(), &path)
    );
    let detect = installed.command(&installed.prefix().join("bin/gw-detect"));
    assert!(words_of(detect, &["--version"]).starts_with("gw-detect "));

    let page = |name: &str| {
        std::fs::read_to_string(installed.prefix().join("share/man/man1").join(name)).expect("a page")
    };
    let of_driver = page("gw.1");
    for said in [
        ".TH GW 1",
        ".SH \"GW START\"",
        "\\-\\-on\\-failure WHAT",
        ".SH EXIT STATUS",
        "gw start [flags]",
    ] {
        assert!(of_driver.contains(said), "{said}");
    }
    for (tool, said) in [
        ("gw-container", "volume_image_mismatch"),
        ("gw-backup", ".SH \"GW-BACKUP CREATE\""),
        ("gw-node", ".SH \"GW-NODE TUNNEL\""),
    ] {
        assert!(page(&format!("{tool}.1")).contains(said), "{tool}: {said}");
    }
    assert!(page("gw-doctor.1").contains("no_documents"));
    let completions = installed.prefix().join("share/bash-completion/completions/gw");
    assert!(
        std::fs::read_to_string(completions)
            .expect("completions")
            .ends_with("complete -F _gw gw\n")
    );

    installed.make("uninstall");
    let left = Ended::of({
        let mut find = Command::new("find");
        find.arg(installed.prefix()).args(["!", "-type", "d"]);
        find
    });
    assert_eq!(left.well().stdout, "");
}

/// The client of people's gateways has the name that earlier versions of this driver were installed by.
#[test]
fn nobody_elses_program_is_replaced_or_removed() {
    let installed = Installed::new();
    let bin = installed.prefix().join("bin");
    assert!(!bin.join("openshell").exists());

    // What an earlier version installed goes at an upgrade.
    let former = installed.prefix().join("share/openshell");
    for folder in ["scripts", "programs"] {
        std::fs::create_dir_all(former.join(folder)).expect("room");
    }
    for program in ["scripts/openshell", "programs/gw-detect"] {
        std::fs::copy("/bin/true", former.join(program)).expect("room");
    }
    symlink("../share/openshell/scripts/openshell", bin.join("openshell")).expect("a link");
    let page = installed.prefix().join("share/man/man1/openshell.1");
    std::fs::write(&page, "of an earlier version").expect("room");
    installed.make("install");
    assert!(bin.join("openshell").symlink_metadata().is_err() && !page.exists() && !former.exists());

    // Another program, another link, and their page stay: at an upgrade, and when all of ours is removed.
    std::fs::create_dir(&former).expect("room");
    std::fs::write(former.join("theirs"), "kept").expect("room");
    std::fs::write(&page, "theirs").expect("room");
    symlink("../lib/client/openshell", bin.join("openshell")).expect("a link");
    for target in ["install", "uninstall"] {
        installed.make(target);
        let kept = std::fs::read_link(bin.join("openshell")).expect("their link");
        assert_eq!(kept, Path::new("../lib/client/openshell"), "{target}");
        assert!(page.exists() && former.join("theirs").exists(), "{target}");
    }
    std::fs::remove_file(bin.join("openshell")).expect("a file");
    std::fs::write(bin.join("openshell"), "their program").expect("room");
    installed.make("install");
    let kept = std::fs::read_to_string(bin.join("openshell")).expect("their program");
    assert_eq!(kept, "their program");
}

#[test]
fn an_installed_driver_builds_the_image_and_starts_a_gateway_without_cargo() {
    if skipped_without_docker() {
        return;
    }
    let installed = Installed::new();
    let share = installed.prefix().join("share/gw");
    let build = |words: &[&str]| words_of(installed.command(&share.join("images/build")), words);
    let mut of_checkout = Command::new(repository().join("images/build"));
    of_checkout.arg("--print-tag");
    let tag = Ended::of(of_checkout).well().stdout;
    assert_eq!(build(&["--print-tag"]), tag, "the same image as the checkout's");

    // helm and kubectl are beside the tools.
    for (program, words) in [("helm", &["version"][..]), ("kubectl", &["version", "--client"])] {
        let said = words_of(installed.command(&share.join("programs").join(program)), words);
        assert!(
            said.contains("v3.20") || said.contains("v1.35"),
            "{program}: {said}"
        );
    }

    let gateway = TestGateway::unmade();
    let mut start = installed.gw(&[
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
        let mut deploy = installed.gw(&["deploy", "--gateway", &gateway.name]);
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
