//! Gateways on existing clusters, as far as no cluster is needed: where a server is reached, and what is refused before any call.

use std::io::Write;
use std::process::{Command, Stdio};

use end_to_end::{Ended, TestGateway, repository};
use serde_json::{Value, json};

/// What is found of these objects: the endpoint, what gives it, and whether it is on its way.
fn found(objects: &[Value]) -> (Option<String>, Option<String>, bool) {
    let mut jq = Command::new("jq");
    let program = repository().join("scripts/existing-cluster/endpoint.jq");
    jq.args([
        "-cs",
        "--arg",
        "service",
        "openshell",
        "--arg",
        "scheme",
        "https",
        "-f",
    ]);
    jq.arg(program).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = jq.spawn().expect("jq");
    let list = json!({ "kind": "List", "items": objects });
    let mut input = child.stdin.take().expect("its standard input");
    input.write_all(list.to_string().as_bytes()).expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("its end");
    let document: Value = serde_json::from_slice(&output.stdout).expect("one document");
    let word = |name: &str| document[name].as_str().map(str::to_owned);
    (word("endpoint"), word("of"), document["pending"] == true)
}

fn service(of_type: &str, status: Value) -> Value {
    json!({
        "kind": "Service", "metadata": { "name": "openshell" }, "status": status,
        "spec": { "type": of_type, "ports": [{ "port": 8080, "nodePort": 31000 }] },
    })
}

fn node(name: &str, is_ready: bool, addresses: &[(&str, &str)]) -> Value {
    let addresses: Vec<_> = addresses
        .iter()
        .map(|(of_type, address)| json!({ "type": of_type, "address": address }))
        .collect();
    let ready = if is_ready { "True" } else { "False" };
    json!({
        "kind": "Node", "metadata": { "name": name },
        "status": { "addresses": addresses, "conditions": [{ "type": "Ready", "status": ready }] },
    })
}

fn ingress(annotations: Value, tls: Value, backend: Value) -> Value {
    json!({
        "kind": "Ingress", "metadata": { "name": "door", "annotations": annotations },
        "spec": { "tls": tls, "rules": [{ "host": "gw.example", "http": { "paths": [{ "backend": backend }] } }] },
    })
}

#[test]
fn the_endpoint_is_where_the_cluster_leads_to_the_server() {
    let internal = node("a", true, &[("InternalIP", "10.0.0.1")]);
    let external = node(
        "b",
        true,
        &[("InternalIP", "10.0.0.2"), ("ExternalIP", "192.0.2.2")],
    );
    let down = node("c", false, &[("ExternalIP", "192.0.2.3")]);
    let six = node("d", true, &[("InternalIP", "2001:db8::1")]);
    let of_cloud = |address: Value| {
        service(
            "LoadBalancer",
            json!({ "loadBalancer": { "ingress": [address] } }),
        )
    };
    let (new, old) = (
        json!({ "service": { "name": "openshell" } }),
        json!({ "serviceName": "openshell" }),
    );
    let other = json!({ "service": { "name": "other" } });
    let secured = json!([{ "hosts": ["gw.example"] }]);
    let passed_on = json!({ "nginx.ingress.kubernetes.io/ssl-passthrough": "true" });
    let inside = || service("ClusterIP", json!({}));
    let table: Vec<(Vec<Value>, Option<&str>)> = vec![
        (vec![], None),
        (vec![inside(), internal.clone()], None),
        (vec![service("NodePort", json!({}))], None),
        (vec![service("NodePort", json!({})), down.clone()], None),
        (
            vec![service("NodePort", json!({})), internal.clone()],
            Some("https://10.0.0.1:31000"),
        ),
        (
            vec![service("NodePort", json!({})), down, internal.clone(), external],
            Some("https://192.0.2.2:31000"),
        ),
        (
            vec![service("NodePort", json!({})), six],
            Some("https://[2001:db8::1]:31000"),
        ),
        (
            vec![of_cloud(json!({ "ip": "192.0.2.9" })), internal.clone()],
            Some("https://192.0.2.9:8080"),
        ),
        (
            vec![of_cloud(json!({ "hostname": "lb.example" }))],
            Some("https://lb.example:8080"),
        ),
        (
            vec![inside(), ingress(json!({}), secured.clone(), new.clone())],
            Some("https://gw.example:443"),
        ),
        (
            vec![inside(), ingress(json!({}), json!([{}]), old)],
            Some("https://gw.example:443"),
        ),
        (
            vec![inside(), ingress(passed_on, json!([]), new.clone())],
            Some("https://gw.example:443"),
        ),
        (
            vec![inside(), ingress(json!({}), json!([]), new)],
            Some("http://gw.example:80"),
        ),
        (vec![inside(), ingress(json!({}), secured, other)], None),
    ];
    for (objects, endpoint) in table {
        let (is, _, pending) = found(&objects);
        assert_eq!(is.as_deref(), endpoint, "{objects:?}");
        assert!(!pending, "{objects:?}");
    }
    // An address that a cloud has not given yet is waited for: the node port of such a Service is not taken in its place.
    let (endpoint, of, pending) = found(&[service("LoadBalancer", json!({ "loadBalancer": {} })), internal]);
    assert_eq!(endpoint, None);
    assert!(pending && of.expect("what gives it").contains("load balancer"));
}

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
        (vec!["--kubeconfig", file, "--remote", "host"], 2, "--remote"),
        (vec!["--kubeconfig", file, "--timeout", "1s"], 124, "127.0.0.1:1"),
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
