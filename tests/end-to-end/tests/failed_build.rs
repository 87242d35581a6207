//! Builds of the cluster image that cannot succeed: each says why, and leaves nothing half-made.

use std::path::Path;

use end_to_end::{Checkout, Ended, docker, free_port, random_name, skipped_without_docker};

/// `start` in a checkout whose image cannot be built.
fn start(checkout: &Checkout) -> Ended {
    let (name, port) = (random_name(), free_port().to_string());
    let ended = checkout.run(
        "scripts/openshell",
        &["start", "--gateway", &name, "--port", &port],
    );
    for kind in [vec!["ps", "--all"], vec!["volume", "ls"], vec!["network", "ls"]] {
        let filter = format!("name={name}");
        let listed = docker(&[&kind[..], &["--quiet", "--filter", &filter]].concat());
        assert_eq!(listed, "", "{kind:?} has something of {name}");
    }
    ended
}

/// The error names the phase; its log is the only thing that stays, and no image has the tag.
fn failed_cleanly(checkout: &Checkout, ended: &Ended, phase: &str) {
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(
        ended.stderr.contains(&format!("phase {phase} failed")),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("next: "), "{}", ended.stderr);

    let left: Vec<_> = std::fs::read_dir(checkout.temporary())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    assert_eq!(left.len(), 1, "{left:?}");
    let inside: Vec<_> = std::fs::read_dir(&left[0])
        .expect("the folder of the run")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(inside, ["log"]);

    // The folder is named for the run, and so is everything that the run made in Docker.
    let run = left[0].file_stem().expect("a name").to_str().expect("plain text");
    let label = format!("label=dev.openshell.build={run}");
    for kind in [vec!["ps", "--all"], vec!["volume", "ls"]] {
        let listed = docker(&[&kind[..], &["--quiet", "--filter", &label]].concat());
        assert_eq!(listed, "", "{kind:?} has something of {run}");
    }
    let tag = checkout.run("images/build", &["--print-tag"]).well().stdout;
    assert_eq!(docker(&["images", "--quiet", tag.trim()]), "");
}

#[test]
fn a_step_of_a_docker_build_that_fails_is_named() {
    if skipped_without_docker() {
        return;
    }
    let checkout = Checkout::copied();
    checkout.add_line(
        "images/cluster/packages/Dockerfile",
        "RUN echo the reason why >&2; false",
    );
    let ended = start(&checkout);
    failed_cleanly(&checkout, &ended, "packages");
    assert!(ended.stderr.contains("the reason why"), "{}", ended.stderr);
}

#[test]
fn a_compile_of_the_node_that_fails_is_named() {
    if skipped_without_docker() {
        return;
    }
    let checkout = Checkout::copied();
    checkout.add_line("images/cluster/coredns/main.go", "the reason why");
    let ended = start(&checkout);
    failed_cleanly(&checkout, &ended, "node");
    assert!(ended.stderr.contains("coredns/main.go"), "{}", ended.stderr);
}

#[test]
fn debians_packages_come_from_the_mirror_that_is_named() {
    if skipped_without_docker() {
        return;
    }
    let checkout = Checkout::copied();
    checkout.add_line("images/cluster/packages/Dockerfile", "RUN true");
    let nobody = format!("http://127.0.0.1:{}/debian", free_port());
    let ended = checkout.run("images/build", &["--mirror", &nobody]);
    failed_cleanly(&checkout, &ended, "packages");
    assert!(ended.stderr.contains(&nobody), "{}", ended.stderr);
}

#[test]
fn a_full_disk_is_said_in_words() {
    if skipped_without_docker() {
        return;
    }
    // What the build wants to keep aside does not fit.
    let checkout = Checkout::copied();
    checkout.add_line(
        "images/cluster/packages/Dockerfile",
        "RUN head -c 100000 /dev/urandom | od; false",
    );
    let ended = checkout.run_with_small_disk(&checkout.temporary(), "64k", "images/build", &[]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("no space left"), "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .contains(checkout.temporary().to_str().expect("plain text")),
        "{}",
        ended.stderr
    );

    // Docker's own disk has no room for what the build makes: said before anything is done.
    let root = docker(&["info", "--format", "{{.DockerRootDir}}"]);
    let ended = checkout.run_with_small_disk(Path::new(&root), "1m", "images/build", &[]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(ended.stderr.contains(&root), "{}", ended.stderr);
    assert!(ended.stderr.contains("free"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("phase"), "{}", ended.stderr);
}
