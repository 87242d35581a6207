//! README: its commands are run as they stand there, and its words are those of the programs' help.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use end_to_end::{Ended, TestGateway, driver, repository, skipped_without_docker, tool};

const TOOLS: [&str; 10] = [
    "gw-detect",
    "gw-container",
    "gw-backup",
    "gw-node",
    "gw-pki",
    "gw-sshsecret",
    "gw-nodeclean",
    "gw-release",
    "gw-wait",
    "gw-doctor",
];

/// What runs this very test, what other tests run elsewhere than on the machine itself or on another cluster, and a registry that is
/// an example.
const NOT_RUN: [&str; 4] = [
    "make",
    "scripts/openshell start --chart oci://registry.example",
    "scripts/openshell start --gateway team",
    "scripts/openshell forward --gateway team",
];

/// Flags of other programs, and words that only look like flags.
const OF_OTHERS: [&str; 1] = ["--privileged"];

fn readme() -> String {
    std::fs::read_to_string(repository().join("README.md")).expect("README")
}

/// What README gives to type, those lines together that stand together: they are indented by four blanks.
fn commands() -> Vec<String> {
    let text = readme();
    let lines: Vec<&str> = text.lines().collect();
    lines
        .split(|line| !line.starts_with("    "))
        .filter(|block| !block.is_empty())
        .map(|block| {
            let lines = block.iter().map(|line| line.trim());
            let run = lines.filter(|line| !NOT_RUN.iter().any(|other| line.starts_with(other)));
            run.collect::<Vec<_>>().join("\n")
        })
        .filter(|block| !block.is_empty())
        .collect()
}

#[test]
fn every_command_of_readme_does_what_it_says() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::started();
    let home = tempfile::tempdir().expect("a folder");
    let path = path_with_tools_and_ssh(home.path());
    let mut ran = 0;
    for command in commands() {
        let command = command.replace("NAME", &gateway.name);
        let mut shell = Command::new("bash");
        shell
            .args(["-e", "-o", "pipefail", "-c", &command])
            .current_dir(repository())
            .env("PATH", &path)
            .env("HOME", home.path())
            .env("XDG_CONFIG_HOME", gateway.config())
            .env("OPENSHELL_GATEWAY", &gateway.name)
            .env_remove("OPENSHELL_CLUSTER_IMAGE");
        let ended = Ended::of(shell);
        assert_eq!(ended.code, 0, "{command}\n{}\n{}", ended.stdout, ended.stderr);
        ran += 1;
    }
    assert!(ran >= 2, "README has only {ran} pieces that can be run");
    let bundle = home
        .path()
        .join(".config/openshell/gateways")
        .join(&gateway.name)
        .join("mtls");
    for file in ["ca.crt", "tls.crt", "tls.key"] {
        assert_eq!(
            std::fs::read(bundle.join(file)).expect("the exported bundle"),
            std::fs::read(gateway.folder().join("mtls").join(file)).expect("the gateway's bundle"),
            "{file}"
        );
    }
}

/// A PATH on which the tools are, and an ssh that is this machine.
fn path_with_tools_and_ssh(home: &Path) -> String {
    let ssh = home.join("ssh");
    std::fs::write(
        &ssh,
        "#!/bin/sh\nshift\nunset XDG_CONFIG_HOME\nexec sh -c \"$*\"\n",
    )
    .expect("room");
    std::fs::set_permissions(&ssh, std::fs::Permissions::from_mode(0o755)).expect("a file of ours");
    let tools = tool("gw-detect");
    let tools = tools.parent().expect("a folder").display();
    let path = std::env::var("PATH").expect("PATH");
    format!("{}:{tools}:{path}", home.display())
}

/// All help there is.
fn every_help() -> String {
    let mut text = String::new();
    let mut add = |mut command: Command| {
        let ended = Ended::of({
            command.arg("--help");
            command
        });
        text.push_str(&ended.well().stdout);
    };
    for verb in verbs() {
        let mut command = driver();
        command.arg(verb);
        add(command);
    }
    for program in ["scripts/setup", "scripts/build-tools", "images/build"] {
        add(Command::new(repository().join(program)));
    }
    for name in TOOLS {
        add(Command::new(tool(name)));
        let listed = Ended::of({
            let mut command = Command::new(tool(name));
            command.arg("--help");
            command
        });
        for verb in listed_under("Commands:", &listed.well().stdout) {
            let mut command = Command::new(tool(name));
            command.arg(verb);
            add(command);
        }
    }
    text
}

fn listed_under(heading: &str, help: &str) -> Vec<String> {
    help.lines()
        .skip_while(|line| *line != heading)
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

fn verbs() -> Vec<String> {
    let mut help = driver();
    help.arg("help");
    listed_under("Verbs:", &Ended::of(help).well().stdout)
}

#[test]
fn every_flag_and_verb_of_readme_is_one_of_the_programs() {
    let (text, help, verbs) = (readme(), every_help(), verbs());
    let known: BTreeSet<&str> = help
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .collect();
    let mut flags = 0;
    for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')) {
        if word.starts_with("--") && !word.trim_matches('-').is_empty() && !OF_OTHERS.contains(&word) {
            assert!(known.contains(word), "no program has the flag {word}");
            flags += 1;
        }
    }
    assert!(flags > 5, "only {flags} flags were found");
    let mut seen = 0;
    for at in text
        .match_indices("scripts/openshell ")
        .map(|(at, found)| at + found.len())
    {
        let verb: String = text[at..].chars().take_while(char::is_ascii_alphabetic).collect();
        assert!(verbs.contains(&verb), "there is no verb '{verb}'");
        seen += 1;
    }
    assert!(seen > 1, "only {seen} verbs were found");
    for verb in &verbs {
        assert!(
            text.contains(&format!("`{verb}")),
            "README does not tell of '{verb}'"
        );
    }
}
