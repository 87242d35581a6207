//! `kubeconfig` of a gateway on a cluster: one context of a file with others.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_norway::Value;

use crate::cluster::Cluster;

const TEXT: &str = "apiVersion: v1
kind: Config
current-context: other
clusters:
- {name: k, cluster: {server: 'https://k', certificate-authority: ca.crt}}
- {name: o, cluster: {server: 'https://o'}}
contexts:
- {name: c, context: {cluster: k, user: u, namespace: n}}
- {name: other, context: {cluster: o, user: u}}
users:
- {name: u, user: {token: t}}
- {name: v, user: {token: other-token}}
";

fn cluster() -> Cluster {
    let cluster = Cluster::new().kept(1);
    cluster.keep("somebodys.yaml", TEXT);
    cluster.keep("ca.crt", "CA");
    cluster
}

fn parsed(text: &str) -> Value {
    serde_norway::from_str(text).expect("YAML")
}

fn read(path: &Path) -> Value {
    parsed(&std::fs::read_to_string(path).expect("a file"))
}

#[test]
fn the_kept_context_is_printed_alone_and_whole() {
    let ended = cluster().data(&["kubeconfig", "--file", "-"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let expected = "apiVersion: v1
kind: Config
current-context: c
clusters: [{name: k, cluster: {server: 'https://k', certificate-authority-data: Q0E=}}]
contexts: [{name: c, context: {cluster: k, user: u, namespace: n}}]
users: [{name: u, user: {token: t}}]
";
    assert_eq!(parsed(&ended.stdout), parsed(expected));
    assert_eq!(ended.document["gateway"], "g");
    assert!(!ended.stderr.contains("token"), "{}", ended.stderr);
}

#[test]
fn another_file_gets_it_under_the_gateways_name() {
    let cluster = cluster();
    let theirs = cluster.folder().join("theirs");
    // The same names, and another cluster: as two of kubeadm's are.
    std::fs::write(&theirs, TEXT.replace("https://k", "https://theirs")).expect("room");
    let merge = ["kubeconfig", "--merge", &theirs.display().to_string()];
    let planned = cluster.run(&[&merge[..], &["--dry-run"]].concat());
    assert_eq!(
        planned.document["actions"][0]["verb"], "write",
        "{}",
        planned.stderr
    );
    assert_eq!(read(&theirs)["clusters"].as_sequence().map(Vec::len), Some(2));
    let changed = |expected: bool| {
        let ended = cluster.run(&merge);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert_eq!(ended.document["changed"], expected);
    };
    changed(true);
    changed(false);
    let both = read(&theirs);
    assert_eq!(both["clusters"][0]["cluster"]["server"], "https://theirs");
    assert_eq!(both["clusters"][2]["cluster"]["server"], "https://k");
    assert_eq!(both["contexts"][2]["name"], "openshell-cluster-g");
    assert_eq!(both["current-context"], "other");
}

#[test]
fn a_file_of_its_own_is_private_and_no_file_is_an_error() {
    let cluster = cluster();
    let file = cluster.folder().join("copy");
    let ended = cluster.run(&["kubeconfig", "--file", &file.display().to_string()]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.document["changed"], true);
    let mode = std::fs::metadata(&file).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let theirs = cluster.folder().join("somebodys.yaml").display().to_string();
    for (flags, code, reason) in [
        (&[][..], 2, "usage"),
        (&["--file", &theirs], 2, "usage"),
        (
            &["--file", "/nonexistent/x", "--context", "none"],
            78,
            "kubeconfig_invalid",
        ),
        (
            &["--file", "/nonexistent/x", "--kubeconfig", "/nonexistent"],
            78,
            "kubeconfig_invalid",
        ),
    ] {
        let ended = cluster.run(&[&["kubeconfig"], flags].concat());
        assert_eq!((ended.code, ended.reason()), (code, reason), "{}", ended.stderr);
    }
    assert_eq!(std::fs::read_to_string(theirs).expect("a file"), TEXT);
    std::fs::remove_file(cluster.folder().join("ca.crt")).expect("a file");
    let ended = cluster.data(&["kubeconfig", "--file", "-"]);
    assert_eq!((ended.code, ended.reason()), (78, "kubeconfig_invalid"));
    assert!(ended.stderr.contains("ca.crt cannot be read"), "{}", ended.stderr);
}
