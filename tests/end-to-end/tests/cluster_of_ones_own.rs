//! Gateways on existing clusters, as far as no cluster is needed: what is refused before any call.

use end_to_end::{Ended, TestGateway};

#[test]
fn what_is_no_cluster_is_refused_and_nothing_is_written() {
    let gateway = TestGateway::unmade();
    let file = gateway.config().join("some.yaml");
    let contents = "apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster:\n    server: https://127.0.0.1:1\ncontexts:\n\
                    - name: there\n  context:\n    cluster: c\ncurrent-context: there\n";
    std::fs::write(&file, contents).expect("a file");
    let file = file.to_str().expect("plain text");
    for (flags, code, said) in [
        (
            vec!["--context", "gone", "--kubeconfig", file],
            78,
            "has context gone",
        ),
        (vec!["--kubeconfig", "/nonexistent"], 78, "/nonexistent"),
        (vec!["--namespace", "a"], 2, "need --context or --kubeconfig"),
        (
            vec!["--kubeconfig", file, "--namespace", "A"],
            2,
            "no name for a namespace",
        ),
        (
            vec!["--kubeconfig", file, "--endpoint", "gw.example"],
            2,
            "--endpoint is",
        ),
        (
            vec!["--kubeconfig", file, "--port", "65536"],
            2,
            "--port is a number",
        ),
        (
            vec!["--kubeconfig", file, "--image", "x"],
            2,
            "--image is for a gateway in a container",
        ),
        (vec!["--kubeconfig", file, "--recreate"], 2, "--recreate is for"),
        (
            vec!["--kubeconfig", file, "--remote", "host"],
            2,
            "--remote is for a gateway in a container",
        ),
        (
            vec!["--kubeconfig", file, "--docker-host", "unix:///x"],
            2,
            "--docker-host is for a gateway in a container",
        ),
        (vec!["--kubeconfig", file, "--timeout", "1s"], 69, "127.0.0.1:1"),
    ] {
        let ended = gateway.start(&flags);
        assert_eq!(ended.code, code, "{flags:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(said), "{flags:?}: {}", ended.stderr);
        assert!(ended.stderr.contains("next: "), "{flags:?}: {}", ended.stderr);
        assert!(!gateway.folder().join("cluster.json").exists(), "{flags:?}");
    }
    let ended = gateway.run("forward", &["--docker-host", "unix:///nonexistent"]);
    assert_eq!(ended.code, 69, "{}", ended.stderr);
    let mut unnamed = gateway.driver(&["start", "--gateway", "../x", "--kubeconfig", file]);
    unnamed.env("KUBECONFIG", file);
    assert_eq!(Ended::of(unnamed).code, 2);
}

#[test]
fn a_gateway_in_a_container_does_not_become_one_on_a_cluster() {
    let gateway = TestGateway::unmade();
    std::fs::create_dir_all(gateway.folder()).expect("a folder");
    std::fs::write(gateway.folder().join("spec.json"), "{}").expect("a file");
    let ended = gateway.start(&["--context", "there"]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("is one in a container"), "{}", ended.stderr);
}
