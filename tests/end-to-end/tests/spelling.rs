//! Hints spell commands as the person can type them: the driver as it was called, a tool as it was found.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use end_to_end::{Checkout, Ended, repository, tool};

/// A shell in a folder, with folders before the rest of PATH.
fn shell(folder: &Path, path: &[&Path], line: &str) -> Ended {
    let mut path: Vec<PathBuf> = path.iter().map(|&folder| folder.to_owned()).collect();
    path.extend(std::env::split_paths(&std::env::var_os("PATH").expect("PATH")));
    let mut bash = Command::new("bash");
    bash.args(["-c", line])
        .current_dir(folder)
        .env("PATH", std::env::join_paths(path).expect("folders"))
        .env_remove("OPENSHELL_GATEWAY")
        .env_remove("GW_COMMAND");
    Ended::of(bash)
}

/// What a line of an error gives to type.
fn next(ended: &Ended) -> &str {
    let found = ended.stderr.trim_end().rsplit_once("; next: ");
    found.unwrap_or_else(|| panic!("no hint: {}", ended.stderr)).1
}

/// A driver that is called by this line is spelled so; its hint can be typed there.
fn is_spelled(folder: &Path, path: &[&Path], called: &str, spelled: &str) {
    let wrong = shell(folder, path, &format!("{called} stop --port 1"));
    assert_eq!(wrong.code, 2, "{called}: {}", wrong.stderr);
    assert_eq!(next(&wrong), format!("{spelled} help stop"), "{called}");
    assert!(
        wrong.stderr.starts_with(&format!("{spelled}: error: ")),
        "{}",
        wrong.stderr
    );
    let help = shell(folder, path, next(&wrong)).well();
    assert!(
        help.stdout
            .contains(&format!("\nUsage: {spelled} stop [flags]\n")),
        "{}",
        help.stdout
    );
    let all = shell(folder, path, &format!("{called} help")).well().stdout;
    assert!(
        all.ends_with(&format!("\n{spelled} help VERB tells a verb's own flags.\n")),
        "{all}"
    );
}

#[test]
fn the_driver_is_spelled_as_it_was_called() {
    let (root, scripts) = (repository(), repository().join("scripts"));
    let whole = scripts.join("openshell").display().to_string();
    is_spelled(root, &[], "scripts/openshell", "scripts/openshell");
    is_spelled(root, &[], "bash scripts/openshell", "scripts/openshell");
    is_spelled(
        &root.join("tests"),
        &[],
        "../scripts/openshell",
        "../scripts/openshell",
    );
    is_spelled(&scripts, &[], "./openshell", "./openshell");
    is_spelled(&scripts, &[], "bash openshell", "./openshell");
    is_spelled(Path::new("/"), &[], &whole, &whole);
    is_spelled(Path::new("/"), &[&scripts], "openshell", "openshell");

    // By a link, as an installation has it; and by one that another program of that name hides.
    let home = tempfile::tempdir().expect("a folder");
    let (bin, other) = (home.path().join("it's bin"), home.path().join("other"));
    for folder in [&bin, &other] {
        std::fs::create_dir(folder).expect("a folder");
    }
    symlink(&whole, bin.join("gw")).expect("a link");
    symlink("/bin/true", other.join("gw")).expect("a link");
    is_spelled(Path::new("/"), &[&bin], "gw", "gw");
    is_spelled(home.path(), &[], "it\\'s\\ bin/gw", "it\\'s\\ bin/gw");
    let hidden = format!("{}/it\\'s\\ bin/gw", home.path().display());
    is_spelled(Path::new("/"), &[&other, &bin], &hidden, &hidden);
}

/// Nothing answers there.
const KUBECONFIG: &str = "apiVersion: v1
kind: Config
current-context: none
contexts: [{name: none, context: {cluster: none, user: none}}]
clusters: [{name: none, cluster: {server: 'https://127.0.0.1:1'}}]
users: [{name: none, user: {token: none}}]
";

#[test]
fn a_tool_spells_others_as_it_was_found_itself() {
    let folder = tool("gw-wait").parent().expect("a folder").to_owned();
    let above = folder.parent().expect("a folder");
    let command = "api --timeout 1s";
    // By its path, from anywhere; from above; by its name.
    let whole = folder.join("gw-node").display().to_string();
    for (current, path, called, spelled) in [
        (
            Path::new("/"),
            None,
            folder.join("gw-wait").display().to_string(),
            &*whole,
        ),
        (above, None, "release/gw-wait".to_owned(), "release/gw-node"),
        (
            above,
            None,
            folder.join("gw-wait").display().to_string(),
            "release/gw-node",
        ),
        (Path::new("/"), Some(&*folder), "gw-wait".to_owned(), "gw-node"),
    ] {
        let path: Vec<&Path> = path.into_iter().collect();
        let line = format!("{called} {command} --kubeconfig /nonexistent");
        let ended = shell(current, &path, &line);
        let (_, hint) = next(&ended).split_once("; ").expect("two ways");
        assert_eq!(hint, format!("{spelled} kubeconfig writes a gateway's"), "{line}");
        shell(current, &path, &format!("{spelled} --version")).well();
    }
}

#[test]
fn a_tool_names_the_driver_only_if_the_driver_runs_it() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("kubeconfig");
    std::fs::write(&file, KUBECONFIG).expect("room");
    let folder = tool("gw-pki").parent().expect("a folder").to_owned();
    let line = format!("gw-pki check --kubeconfig {} --timeout 5s", file.display());
    let alone = shell(Path::new("/"), &[&folder], &line);
    assert!(next(&alone).ends_with(": gw-detect"), "{}", alone.stderr);
    let driven = shell(Path::new("/"), &[&folder], &format!("GW_COMMAND=./gw {line}"));
    assert!(next(&driven).ends_with(": ./gw status"), "{}", driven.stderr);

    // The driver tells its tools.
    let checkout = Checkout::copied();
    checkout.put(
        "scripts/verbs/version.sh",
        Some("# say it\n#\n# Usage: gw version\n\nverb_version() { env; }\n"),
    );
    let said = checkout.run("scripts/openshell", &["version"]).well().stdout;
    let told = said.lines().find_map(|line| line.strip_prefix("GW_COMMAND="));
    let told = told.unwrap_or_else(|| panic!("not told: {said}"));
    assert!(told.ends_with("/source/scripts/openshell"), "{told}");
}

/// One place decides: a command that is spelled out elsewhere can be typed by some people alone.
#[test]
fn no_text_spells_the_driver_by_itself() {
    let mut list = Command::new("git");
    list.args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .args(["scripts", "tools/*/src", "crates/*/src"])
        .current_dir(repository());
    let verbs: Vec<String> = ["verbs", "container", "cluster"]
        .iter()
        .flat_map(|folder| {
            let folder = repository().join("scripts").join(folder);
            std::fs::read_dir(folder).expect("the verbs")
        })
        .map(|file| file.expect("a file").path())
        .filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned()))
        .collect();
    let mut seen = 0;
    for file in Ended::of(list).well().stdout.lines() {
        // The tests' own runs.
        if file == "scripts/test" {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(repository().join(file)) else {
            continue;
        };
        seen += 1;
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            for pair in words.windows(2) {
                let driver = pair[0].trim_start_matches(['"', '\'', '`', '(']);
                let verb = pair[1].trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
                // The installation's own run of it.
                let is_run = line.contains("PATH=$prefix/bin:$PATH gw ");
                let named = matches!(driver, "openshell" | "scripts/openshell" | "gw")
                    && verbs.iter().any(|v| v == verb);
                let is_help = line.trim_start().starts_with('#') && driver == "gw";
                let is_namespace = line.contains("--namespace openshell logs");
                assert!(!named || is_help || is_namespace || is_run, "{file}: {line}");
            }
        }
    }
    assert!(seen > 50, "only {seen} files were read");
}
