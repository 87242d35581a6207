//! scripts/setup on machines on which nothing is installed, and the driver's look at what it needs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use end_to_end::{Ended, FreshMachine, driver, own_image, repository, skipped_without_docker, tool};

/// What every machine lacks that is only a bare Debian.
const LACKED: [&str; 5] = [
    "a C compiler",
    "ca-certificates",
    "jq",
    "a Docker engine",
    "debootstrap",
];

fn names_all(ended: &Ended, names: &[&str]) {
    for name in names {
        assert!(
            ended.stderr.contains(name),
            "{name}: {}{}",
            ended.stdout,
            ended.stderr
        );
    }
}

/// The error is one line, with the command to type next.
fn one_error(ended: &Ended, code: i32, next: &str) {
    assert_eq!(ended.code, code, "{}{}", ended.stdout, ended.stderr);
    let errors: Vec<&str> = ended
        .stderr
        .lines()
        .filter(|line| line.contains("error: "))
        .collect();
    assert_eq!(errors.len(), 1, "{}", ended.stderr);
    assert!(errors[0].contains(&format!("next: {next}")), "{}", ended.stderr);
}

#[test]
fn a_bare_machine_is_told_all_that_it_lacks_at_once_and_stays_as_it_is() {
    if skipped_without_docker() {
        return;
    }
    let machine = FreshMachine::debian_12();
    let files = "find / -xdev -newer /.dockerenv -not -path '/proc/*' -not -path '/dev/*' -not -path '/root/.config/go/*' -type f | sort";
    let before = machine.run(files).well().stdout;
    let check = machine.run("scripts/setup --check");
    one_error(&check, 1, "scripts/setup");
    names_all(&check, &LACKED);
    assert!(
        !check.stdout.contains("Rust") && !check.stdout.contains("Go "),
        "{}",
        check.stdout
    );
    // What no package brings is said first, and then nothing is installed.
    let by_hand = machine.run_without_toolchains("scripts/setup");
    one_error(&by_hand, 1, "curl ");
    names_all(&by_hand, &["Rust 1.", "Go 1.", "docker.io"]);
    // The driver installs nothing, compiles nothing, and names what is missing in one error.
    let start = machine.run_without_toolchains("CARGO_TARGET_DIR=/tmp/target scripts/openshell start");
    one_error(&start, 1, "scripts/setup");
    names_all(&start, &LACKED);
    names_all(&start, &["Rust 1.", "Go 1."]);
    // An image that exists already is built from nothing.
    let image =
        machine.run_without_toolchains("CARGO_TARGET_DIR=/tmp/target scripts/openshell start --image made:1");
    one_error(&image, 1, "scripts/setup");
    names_all(&image, &["Rust 1.", "jq", "a Docker engine"]);
    assert!(
        !image.stderr.contains("Go 1.") && !image.stderr.contains("debootstrap"),
        "{}",
        image.stderr
    );
    assert_eq!(machine.run(files).well().stdout, before);
    // Other systems have other packages.
    machine
        .run("printf 'ID=fedora\\nPRETTY_NAME=\"Fedora Linux 42\"\\n' >/etc/os-release")
        .well();
    let other = machine.run("scripts/setup");
    one_error(&other, 1, "install them as this host does");
    names_all(&other, &LACKED);
    names_all(&other, &["Fedora Linux 42"]);
}

#[test]
fn a_bare_machine_becomes_one_with_an_engine_that_survives_what_happens_to_it() {
    if skipped_without_docker() {
        return;
    }
    let machine = FreshMachine::debian_12();
    let made = machine
        .run("scripts/setup -- docker version --format '{{.Server.Os}}'")
        .well();
    assert_eq!(made.stdout, "linux\n", "{}", made.stderr);
    names_all(
        &made,
        &[
            "no terminal to ask on",
            "docker.io",
            "its log is /var/log/docker.log",
        ],
    );
    assert_eq!(machine.run("scripts/setup --check").well().stdout, "");
    assert_eq!(
        machine.run("scripts/setup").well().stderr,
        "",
        "a second run has nothing to do"
    );
    let left = machine.run("grep --files-with-matches scripts/setup /usr/sbin/policy-rc.d");
    assert_eq!(left.stdout, "", "services may start again");
    comes_back_after_a_kill(&machine);
    a_run_of_ci_removes_what_a_killed_one_left(&machine);
    services_stay_off(&machine);
    a_user_gets_the_right_to_use_docker(&machine);
    a_terminal_is_asked(&machine);
}

/// Debian asks a program whether an installed service may start: what it says is looked at in the middle of an installation.
fn services_stay_off(machine: &FreshMachine) {
    let install = r#"echo 'DPkg::Pre-Invoke {"cp /usr/sbin/policy-rc.d /root/policy || true";};' >/etc/apt/apt.conf.d/98look
        root=/src; source scripts/lib/needs.sh; source scripts/lib/packages.sh
        install_packages /root/log sudo || { cat /root/log; exit 1; }"#;
    machine.run(install).well();
    let asked = machine.run("/root/policy ssh start");
    assert_eq!(asked.code, 101, "services may not start: {}", asked.stderr);
}

/// The files of a killed engine name processes that are somebody else's by now, and its containerd has left its socket.
fn comes_back_after_a_kill(machine: &FreshMachine) {
    machine
        .run(
            "kill -KILL $(cat /run/docker.pid) && while docker version >/dev/null 2>&1; do :; done
            kill -KILL $(cat /run/docker/containerd/containerd.pid) 2>/dev/null
            for file in docker.pid docker-ssd.pid docker/containerd/containerd.pid; do echo 1 >/run/$file; done
            mkdir -p /run/containerd
            perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un(\"/run/containerd/containerd.sock\"))'
            test -S /run/containerd/containerd.sock",
        )
        .well();
    one_error(&machine.run("scripts/setup --check"), 1, "scripts/setup");
    let back = machine.run("scripts/setup").well();
    names_all(&back, &["start Docker", "its log is /var/log/docker.log"]);
    assert!(!back.stderr.contains("install"), "{}", back.stderr);
    machine.run("docker version").well();
}

/// A run whose tests are a script that leaves what tests leave, and hangs. Only .ci/run itself is killed.
const HANGING_TESTS: &str = "#!/bin/bash
tar --create --directory /usr/local/bin gw-wait | docker import - openshell-test-0123abcd:one
docker network create openshell-cluster-test-0123abcd
docker volume create openshell-build-0123456789ab
docker run --detach --network openshell-cluster-test-0123abcd --volume openshell-cluster-test-0123abcd:/x \
    --name openshell-cluster-test-0123abcd kept:one /gw-wait tcp --address 127.0.0.1:1 --timeout 1h
mkdir $TMPDIR/below && mount -t tmpfs none $TMPDIR/below && touch $TMPDIR/below/file
setsid sleep 1h >/dev/null 2>&1 &
touch /root/left
exec sleep 1h
";

fn a_run_of_ci_removes_what_a_killed_one_left(machine: &FreshMachine) {
    machine.take_program(&tool("gw-wait"));
    machine
        .run(
            "tar --create --directory /usr/local/bin gw-wait | docker import - kept:one
            docker volume create kept
            docker run --detach --name kept kept:one /gw-wait tcp --address 127.0.0.1:1 --timeout 1h",
        )
        .well();
    let first = format!(
        "mkdir /root/checkout && cp -r .ci .cargo Cargo.* crates helm images scripts /root/checkout && cd /root/checkout
        sed -i 's/ --tests//' .ci/run
        cat >scripts/test <<'end'\n{HANGING_TESTS}end\n
        .ci/run </dev/null >/root/first 2>&1 &
        until [[ -e /root/left ]]; do kill -0 $! || exit 1; done
        kill -KILL $!"
    );
    machine.run(&first).well();
    let second = machine.run(
        "cd /root/checkout && printf '#!/bin/sh\necho tests ran in $TMPDIR; exit 7\n' >scripts/test && .ci/run",
    );
    assert_eq!(
        second.code, 7,
        "the tests' own code: {}{}",
        second.stdout, second.stderr
    );
    assert!(
        second.stdout.contains("tests ran in /tmp/openshell-ci."),
        "{}",
        second.stdout
    );
    let listed = |line: &str| machine.run(line).well().stdout;
    assert_eq!(
        listed("docker ps --all --format '{{.Names}} {{.State}}'"),
        "kept running\n"
    );
    assert_eq!(listed("docker volume ls --quiet"), "kept\n");
    assert_eq!(
        listed("docker network ls --format '{{.Name}}' | sort"),
        "bridge\nhost\nnone\n"
    );
    assert_eq!(listed("docker images --format '{{.Repository}}'"), "kept\n");
    assert_eq!(
        listed("ls -d /tmp/openshell-ci.????; grep -c openshell-ci /proc/mounts || true"),
        "0\n"
    );
    assert_eq!(
        listed("grep -lz ^OPENSHELL_CI_RUN= /proc/[0-9]*/environ || true"),
        ""
    );
}

fn a_user_gets_the_right_to_use_docker(machine: &FreshMachine) {
    machine.run("useradd --create-home person").well();
    let person = |line: &str| machine.run_as_user("person", line);
    one_error(
        &person("scripts/setup"),
        77,
        "su - -c 'usermod --append --groups docker person'",
    );
    let denied = person("CARGO_TARGET_DIR=/tmp/target scripts/openshell start --image made:1");
    assert!(
        denied.stderr.contains("the right of this user to use Docker"),
        "{}",
        denied.stderr
    );
    machine
        .run("echo 'person ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/person")
        .well();
    let joined = person("scripts/setup -- docker version --format '{{.Server.Os}}'").well();
    assert_eq!(joined.stdout, "linux\n", "the command has the new right already");
    names_all(&joined, &["add user person to group docker", "newgrp docker"]);
    assert_eq!(person("scripts/setup").well().stderr, "");
    // Rust is on the user's own PATH alone.
    one_error(
        &person("sudo scripts/setup"),
        1,
        "without sudo, if user person has them: scripts/setup",
    );
}

fn a_terminal_is_asked(machine: &FreshMachine) {
    let with_terminal = |answer: &str| {
        let line =
            format!("printf '{answer}\\n' | script --quiet --return --command scripts/setup /dev/null");
        machine.run_as_user("person", &line)
    };
    machine.run("apt-get remove --yes jq").well();
    let refused = with_terminal("n");
    assert_eq!(refused.code, 1, "{}", refused.stdout);
    assert!(
        refused
            .stdout
            .contains("install Debian's packages jq. Go on? [Y/n]"),
        "{}",
        refused.stdout
    );
    assert!(refused.stdout.contains("nothing was done"), "{}", refused.stdout);
    assert_ne!(machine.run("command -v jq").code, 0);
    let agreed = with_terminal("y").well();
    assert!(agreed.stdout.contains("installed jq"), "{}", agreed.stdout);
    machine.run("command -v jq").well();
}

/// Its packages are not all named as Debian 12's.
#[test]
fn debian_13_is_set_up_as_well() {
    if skipped_without_docker() {
        return;
    }
    let machine = match FreshMachine::debootstrapped("trixie") {
        Ok(machine) => machine,
        Err(said) => {
            println!("skipped: no base system of Debian 13: {said}");
            return;
        }
    };
    let made = machine
        .run("scripts/setup -- docker version --format '{{.Client.Os}} {{.Server.Os}}'")
        .well();
    assert_eq!(made.stdout, "linux linux\n", "{}", made.stderr);
    machine.run("scripts/setup --check").well();
}

/// A docker command whose registry answers as `pull` says; all else is the machine's own.
fn path_with_registry(pull: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("docker");
    let text = format!("#!/bin/sh\ncase $1 in\npull) {pull} ;;\nesac\nexit 1\n");
    fs::write(&file, text).expect("room");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a file of ours");
    folder
}

/// The look at the image's needs, on a PATH without Go and debootstrap.
fn image_needs(pull: &str) -> String {
    let folder = path_with_registry(pull);
    let mut look = Command::new("bash");
    look.args([
        "-c",
        "root=$PWD; source scripts/lib/needs.sh
        has_go() { return 1; }
        has_program() { [[ $1 != debootstrap ]] && command -v \"$1\" >/dev/null; }
        look_for image; printf '%s\\n' \"${unmet[@]}\"",
    ])
    .current_dir(repository())
    .env(
        "PATH",
        format!(
            "{}:{}",
            folder.path().display(),
            std::env::var("PATH").expect("PATH")
        ),
    );
    Ended::of(look).stdout
}

/// No registry that answers can be counted on, nor one that is silent: a docker command plays both.
#[test]
fn an_image_registry_takes_the_place_of_debootstrap_and_go() {
    assert_eq!(
        image_needs("echo 'manifest for debian:x not found: manifest unknown: manifest unknown' >&2").trim(),
        ""
    );
    assert_eq!(
        image_needs("echo 'docker.io/library/debian:x: not found' >&2").trim(),
        ""
    );
    for silent in [
        "exec sleep 1h",
        "echo 'dial tcp: lookup registry: no such host' >&2",
    ] {
        let needs = image_needs(silent);
        assert!(
            needs.contains("debootstrap (no image registry answers)"),
            "{needs}"
        );
        assert!(
            needs.contains("Go 1.21 or later (no image registry answers)"),
            "{needs}"
        );
    }
}

/// Made once, they are needed no more.
#[test]
fn a_gateway_whose_image_is_built_needs_neither_go_nor_debootstrap() {
    if skipped_without_docker() {
        return;
    }
    own_image();
    let mut look = Command::new("bash");
    look.args([
        "-c",
        "root=$PWD; source scripts/lib/needs.sh
        has_go() { return 1; }
        look_for image && echo nothing",
    ])
    .current_dir(repository());
    assert_eq!(Ended::of(look).well().stdout, "nothing\n");
}

#[test]
fn words_that_setup_does_not_know_are_usage_errors() {
    let mut setup = Command::new(repository().join("scripts/setup"));
    setup.arg("--chek");
    one_error(&Ended::of(setup), 2, "");
    let mut help = Command::new(repository().join("scripts/setup"));
    help.arg("--help");
    let text = Ended::of(help).well().stdout;
    for said in ["--tests", "--check", "Exit codes"] {
        assert!(text.contains(said), "{text}");
    }
}

/// An engine that does not answer is no reason to compile for minutes first.
#[test]
fn a_silent_engine_is_told_before_the_tools_are_built() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut start = driver();
    start
        .args(["start", "--json"])
        .env(
            "DOCKER_HOST",
            format!("unix://{}", folder.path().join("none").display()),
        )
        .env("CARGO_TARGET_DIR", folder.path().join("target"));
    let ended = Ended::of(start);
    assert_eq!(
        ended.document()["error"]["reason"],
        "needs_missing",
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("Docker engine"), "{}", ended.stderr);
    assert!(!folder.path().join("target").exists());
}
