//! Gateways on a Kubernetes cluster that is somebody's own: nothing but its kubeconfig is known.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use cluster_fixture::{Fault, FaultProxy, When, client, run_apart};
use end_to_end::{
    Diagnosis, Ended, ForeignCluster, Person, TestGateway, docker, fingerprint, image_values,
    skipped_without_docker, until,
};
use serde_json::Value;

const CONTEXT: &str = "somebodys-cluster";

fn text(path: &Path) -> &str {
    path.to_str().expect("plain text")
}

/// `openshell forward`, until it is dropped.
struct Forward(Child);

impl Forward {
    fn of(gateway: &TestGateway) -> Self {
        let mut command = gateway.command("forward", &[]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().expect("the driver"))
    }

    /// Ctrl-C; its exit code.
    fn interrupted(mut self) -> i32 {
        let ended = Command::new("kill")
            .args(["-INT", &self.0.id().to_string()])
            .status();
        assert!(ended.expect("kill").success());
        self.0.wait().expect("its end").code().unwrap_or(-1)
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            let _ = Command::new("kill").arg(self.0.id().to_string()).status();
            let _ = self.0.wait();
        }
    }
}

fn steps(document: &Value) -> Vec<&str> {
    let steps = document["steps"].as_array().expect("steps");
    steps.iter().filter_map(|step| step["name"].as_str()).collect()
}

fn comes_to(gateway: &TestGateway, state: &str) {
    until(state, || gateway.status()["state"] == state);
}

#[test]
fn a_gateway_lives_on_somebodys_cluster_and_leaves_nothing_there() {
    if skipped_without_docker() {
        return;
    }
    let cluster = ForeignCluster::started();
    let gateway = TestGateway::unmade();
    let kubeconfig = gateway.config().join("somebodys.yaml");
    cluster.write_kubeconfig(&kubeconfig, CONTEXT);
    let values = image_values(gateway.config());
    let port = gateway.port.to_string();
    let there = [
        "--kubeconfig",
        text(&kubeconfig),
        "--context",
        CONTEXT,
        "--namespace",
        "team-a",
    ];

    // A plan first, of a namespace that there is not.
    let planned = gateway.start(&[&there[..], &["--dry-run"]].concat()).well();
    assert!(
        planned.stderr.contains("create namespace team-a"),
        "{}",
        planned.stderr
    );
    assert!(!cluster.kubectl(&["get", "namespaces"]).contains("team-a"));

    let flags = [
        &there[..],
        &["--values", text(&values), "--port", &port, "--json"],
    ]
    .concat();
    let made = gateway.start(&flags).well().document();
    let endpoint = format!("https://127.0.0.1:{port}");
    assert_eq!(made["endpoint"], endpoint);
    let ran = steps(&made);
    assert!(!ran.contains(&"nodes") && !ran.contains(&"container"), "{ran:?}");
    let secret = fingerprint(&made);
    let service = [
        "-n",
        "team-a",
        "get",
        "service",
        "openshell",
        "-o",
        "jsonpath={.spec.type} {.spec.ports[0].nodePort}",
    ];
    assert_eq!(cluster.kubectl(&service), "ClusterIP");
    assert_eq!(gateway.status()["state"], "running", "nobody forwards it");

    // From here on the kubeconfig's current context is of no matter, and neither is the file's name.
    let forward = Forward::of(&gateway);
    comes_to(&gateway, "serving");
    let person = Person::of(&gateway);
    let sandbox = person.make_sandbox("kept");
    person.says(&sandbox, "a line from before");
    // The server's pod goes, and with it every connection to it.
    cluster.kubectl(&["-n", "team-a", "delete", "pod", "openshell-0"]);
    comes_to(&gateway, "serving");
    assert_eq!(person.reads(&sandbox), ["a line from before"]);
    let again = gateway.start(&["--json"]).well();
    assert!(again.stderr.contains("serves already"), "{}", again.stderr);
    assert_eq!(again.document()["changed"], false);
    assert_eq!(forward.interrupted(), 130);
    comes_to(&gateway, "running");

    // A node port is a value, and is found.
    let opened = gateway
        .start(&["--set", "service.type=NodePort", "--json"])
        .well()
        .document();
    assert_eq!(fingerprint(&opened), secret);
    let address = docker(&[
        "inspect",
        "--format",
        "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}",
        cluster.name(),
    ]);
    let endpoint = opened["endpoint"].as_str().expect("an endpoint");
    assert!(endpoint.starts_with(&format!("https://{address}:")), "{endpoint}");
    assert_eq!(gateway.status()["state"], "serving");
    let person = Person::of(&gateway);
    assert_eq!(person.reads(&sandbox), ["a line from before"]);
    // One that is given is taken as it is, and kept.
    let given = gateway.start(&["--endpoint", endpoint]).well();
    assert!(
        given
            .stderr
            .contains(&format!("serves on {endpoint}, by --endpoint")),
        "{}",
        given.stderr
    );
    let later = person.make_sandbox("later");
    person.says(&later, "another line");

    what_readers_say(&gateway, &kubeconfig);
    a_fault_is_named_and_healed(&gateway, &cluster, &secret);
    what_changed_is_deployed(&gateway, &cluster);
    assert_eq!(person.reads(&sandbox), ["a line from before"]);
    another_lives_beside_it(&gateway, &cluster, &there, &values);

    an_error_is_no_absence(&gateway);
    gateway.run("destroy", &["--yes"]).well();
    assert!(!cluster.kubectl(&["get", "namespaces"]).contains("team-a"));
    let left = cluster.kubectl(&[
        "get",
        "clusterroles,clusterrolebindings,persistentvolumes",
        "-o",
        "name",
    ]);
    assert!(!left.contains("team-a"), "{left}");
    assert!(!gateway.folder().exists());
    let gone = gateway.run("destroy", &["--yes"]);
    assert!(gone.stderr.contains("nothing to destroy"), "{}", gone.stderr);
}

/// Verbs that only read, and those that are not for such a gateway.
fn what_readers_say(gateway: &TestGateway, kubeconfig: &Path) {
    let table = gateway.run("status", &[]).well().stdout;
    for word in [
        "serving",
        CONTEXT,
        "team-a",
        "statefulset/openshell, 1 of 1 ready",
        "2 sandboxes: 2 ready",
    ] {
        assert!(table.contains(word), "{word}: {table}");
    }
    Ended::of(gateway.driver(&["use", &gateway.name])).well();
    let listed = Ended::of(gateway.driver(&["list"])).well().stdout;
    assert!(
        listed.contains(&format!("* {}", gateway.name)) && listed.contains(CONTEXT),
        "{listed}"
    );
    let variables = gateway.run("env", &[]).well().stdout;
    assert!(variables.contains(text(kubeconfig)), "{variables}");
    assert!(gateway.run("kubeconfig", &[]).well().stdout.contains(CONTEXT));
    gateway.run("logs", &["gateway"]).well();
    for verb in ["stop", "recreate"] {
        let flags: &[&str] = if verb == "recreate" { &["--yes"] } else { &[] };
        let refused = gateway.run(verb, flags);
        assert_eq!(refused.code, 1, "{}", refused.stderr);
        assert!(
            refused.stderr.contains("not in a container"),
            "{}",
            refused.stderr
        );
    }
    let refused = gateway.start(&["--gpu"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("--gpu is for a gateway in a container"),
        "{}",
        refused.stderr
    );
}

fn a_fault_is_named_and_healed(gateway: &TestGateway, cluster: &ForeignCluster, secret: &str) {
    Diagnosis::of(gateway.command("doctor", &[])).names(&[]);
    cluster.kubectl(&["-n", "team-a", "delete", "secret", "openshell-ssh-handshake"]);
    let diagnosis = Diagnosis::of(gateway.command("doctor", &[])).names(&["secret_missing"]);
    assert_eq!(
        diagnosis.document["findings"][0]["object"],
        "secret team-a/openshell-ssh-handshake"
    );
    let healed = gateway.run("restart", &["--json"]).well().document();
    assert_eq!(fingerprint(&healed), secret, "sandboxes carry it");
    Diagnosis::of(gateway.command("doctor", &[])).names(&[]);
}

fn what_changed_is_deployed(gateway: &TestGateway, cluster: &ForeignCluster) {
    let same = gateway.run("deploy", &[]).well();
    assert!(same.stderr.contains("nothing to deploy"), "{}", same.stderr);
    let sets = ["--set", "service.type=NodePort", "--set", "server.logLevel=debug"];
    let planned = gateway
        .run("deploy", &[&sets[..], &["--dry-run"]].concat())
        .well();
    assert!(
        planned.stderr.contains("upgrade release openshell"),
        "{}",
        planned.stderr
    );
    let deployed = gateway.run("deploy", &sets).well();
    assert!(
        deployed.stderr.contains("changed: upgrade"),
        "{}",
        deployed.stderr
    );
    let arguments = [
        "-n",
        "team-a",
        "get",
        "pod",
        "openshell-0",
        "-o",
        "jsonpath={.spec.containers[0].args}",
    ];
    assert!(cluster.kubectl(&arguments).contains("debug"));
}

/// In a namespace that somebody made: it stays, and so does the other gateway.
fn another_lives_beside_it(
    gateway: &TestGateway,
    cluster: &ForeignCluster,
    there: &[&str; 6],
    values: &Path,
) {
    cluster.kubectl(&["create", "namespace", "team-b"]);
    let other = TestGateway::unmade();
    let flags = ["--values", text(values), "--namespace", "team-b", "--plaintext"];
    other.start(&[&there[..4], &flags[..]].concat()).well();
    assert_eq!(gateway.status()["state"], "serving");
    // Files of a gateway are about one namespace of one cluster.
    let moved = other.start(&["--namespace", "team-a"]);
    assert!(
        moved.code == 1 && moved.stderr.contains("another namespace"),
        "{}",
        moved.stderr
    );
    // A release that somebody deployed with values of their own is not replaced unless a chart is named.
    let upgrade = "printf 'server: {logLevel: warn, disableTls: true}\nservice: {type: ClusterIP}\n' >/tmp/by-hand.yaml
        helm upgrade openshell /opt/openshell/chart/openshell --namespace team-b --kubeconfig /etc/rancher/k3s/k3s.yaml \
            --values /opt/openshell/chart/values.json --values /tmp/by-hand.yaml";
    docker(&["exec", cluster.name(), "sh", "-c", upgrade]);
    let refused = other.start(&["--set", "server.logLevel=debug"]);
    assert!(
        refused.code == 1 && refused.stderr.contains("by somebody else"),
        "{}",
        refused.stderr
    );
    let arguments = [
        "-n",
        "team-b",
        "get",
        "statefulset",
        "openshell",
        "-o",
        "jsonpath={.spec.template.spec.containers[0].args}",
    ];
    assert!(cluster.kubectl(&arguments).contains("warn"));
    a_load_balancer_is_waited_for(&other, cluster, values);
    other.run("destroy", &["--yes"]).well();
    let left = cluster.kubectl(&[
        "-n",
        "team-b",
        "get",
        "secrets,persistentvolumeclaims,statefulsets,services",
        "-o",
        "name",
    ]);
    assert!(!left.contains("openshell"), "{left}");
    assert!(cluster.kubectl(&["get", "namespaces"]).contains("team-b"));
    assert_eq!(gateway.status()["state"], "serving");
}

/// What a cloud does once it has made one.
fn a_load_balancer_is_waited_for(gateway: &TestGateway, cluster: &ForeignCluster, values: &Path) {
    let flags = [
        "--chart",
        "bundled",
        "--values",
        text(values),
        "--set",
        "service.type=LoadBalancer",
        "--json",
    ];
    let kubeconfig = gateway.folder().join("used.yaml");
    fs::write(&kubeconfig, gateway.run("kubeconfig", &[]).well().stdout).expect("a file");
    let mut starting = gateway.command("start", &flags);
    let mut starting = starting
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the driver");
    let type_of = [
        "-n",
        "team-b",
        "get",
        "service",
        "openshell",
        "-o",
        "jsonpath={.spec.type}",
    ];
    until("LoadBalancer", || cluster.kubectl(&type_of) == "LoadBalancer");
    assert!(
        starting.try_wait().expect("its state").is_none(),
        "it waits for an address"
    );
    let address = cluster.address();
    let status = serde_json::json!({ "status": { "loadBalancer": { "ingress": [{ "ip": address }] } } });
    run_apart(async || {
        let request = http::Request::patch("/api/v1/namespaces/team-b/services/openshell/status")
            .header("content-type", "application/merge-patch+json")
            .body(status.to_string().into_bytes())
            .expect("a request");
        let patched = client(&kubeconfig).await.request_text(request).await;
        patched.expect("the Service's status");
    });
    let ended = starting.wait_with_output().expect("its end");
    let document: Value = serde_json::from_slice(&ended.stdout).expect("one document");
    assert_eq!(
        document["endpoint"],
        format!("http://{address}:8080"),
        "{document:#}"
    );
    assert_eq!(gateway.status()["state"], "serving");
}

/// An API that answers with errors: nothing is taken for gone, and where the server is reached stays known.
fn an_error_is_no_absence(gateway: &TestGateway) {
    let plain = gateway.folder().join("plain.yaml");
    fs::write(&plain, gateway.run("kubeconfig", &[]).well().stdout).expect("a file");
    let proxy = FaultProxy::before(&plain);
    let (cluster, metadata) = (
        gateway.folder().join("cluster.json"),
        gateway.folder().join("metadata.json"),
    );
    let kept = fs::read_to_string(&cluster).expect("what is kept of the cluster");
    let mut through: Value = serde_json::from_str(&kept).expect("a document");
    (through["kubeconfig"], through["context"]) = (text(proxy.kubeconfig()).into(), "test".into());
    fs::write(&cluster, through.to_string()).expect("room");
    let endpoint = fs::read_to_string(&metadata).expect("the metadata");
    for (verb, flags, path) in [
        ("destroy", &["--yes", "--timeout", "5s"][..], "/namespaces/team-a"),
        ("start", &["--dry-run", "--timeout", "5s"], "/namespaces/team-a"),
        ("restart", &["--timeout", "5s"], "/services/openshell"),
        ("restart", &["--timeout", "5s"], "/nodes"),
    ] {
        proxy.inject(Fault::Status(500), When::OnPath(path));
        let ended = gateway.run(verb, flags);
        assert!([1, 69].contains(&ended.code), "{verb}, {path}: {}", ended.stderr);
        assert_eq!(
            fs::read_to_string(&metadata).expect("the metadata"),
            endpoint,
            "{verb}, {path}"
        );
    }
    fs::write(&cluster, kept).expect("room");
    assert_eq!(gateway.status()["state"], "serving");
}
