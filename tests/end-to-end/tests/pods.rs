//! What pods of OpenShell and its neighbours need of a node: one pod that uses all of it, and pods that need the API at their start.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use end_to_end::{Ended, LentPrograms, TestGateway, docker, skipped_without_docker, until};
use serde_json::json;

/// Creates objects in namespace `openshell`.
fn create(gateway: &TestGateway, objects: &[serde_json::Value]) {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    gateway.shell(&format!("kubectl -n openshell create -f - <<'END'\n{list}\nEND"));
}

fn wait_for(gateway: &TestGateway, pod: &str) {
    gateway.kubectl(&[
        "-n",
        "openshell",
        "wait",
        "--for=condition=Ready",
        &format!("pod/{pod}"),
        "--timeout=120s",
    ]);
}

/// A pod with everything that upstream's pods have.
fn everything() -> Vec<serde_json::Value> {
    let lent = LentPrograms::of_node();
    let mut volumes = lent.volumes;
    volumes.extend([
        json!({"name": "image", "image": {"reference": "docker.io/openshell/pause:1", "pullPolicy": "Never"}}),
        json!({"name": "token", "projected": {"sources": [
            {"serviceAccountToken": {"path": "token", "audience": "openshell", "expirationSeconds": 3600}},
            {"configMap": {"name": "kube-root-ca.crt"}},
            {"downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}},
        ]}}),
        json!({"name": "work", "persistentVolumeClaim": {"claimName": "work"}}),
    ]);
    let mut mounts = lent.mounts;
    mounts.extend([
        json!({"name": "image", "mountPath": "/image", "readOnly": true}),
        json!({"name": "token", "mountPath": "/token", "readOnly": true}),
        json!({"name": "work", "mountPath": "/volume"}),
    ]);
    let serve = "print \"serving\\n\"; use IO::Socket::INET; my $s = IO::Socket::INET->new(LocalPort => 8000, Listen => 5, ReuseAddr => 1) or die; \
        $| = 1; print \"listening\\n\"; while (my $c = $s->accept) { print $c \"hello\\n\"; close $c }";
    vec![
        json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "work"},
            "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "local-path", "resources": {"requests": {"storage": "1Mi"}}},
        }),
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "all"},
            "spec": {"podSelector": {"matchLabels": {"app": "all"}}, "policyTypes": ["Ingress", "Egress"], "egress": [{}], "ingress": [{}]},
        }),
        json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "all", "labels": {"app": "all"}},
            "spec": {
                "terminationGracePeriodSeconds": 0,
                "hostAliases": [{"ip": "192.0.2.7", "hostnames": ["alias.example"]}],
                "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}, "fsGroup": 1000},
                "initContainers": [{
                    "name": "first", "image": "openshell/pause:1", "imagePullPolicy": "Never",
                    "command": ["bash", "-c", "echo from-init >/volume/init"], "volumeMounts": mounts,
                }],
                "containers": [{
                    "name": "main", "image": "openshell/pause:1", "imagePullPolicy": "Never",
                    "command": ["perl", "-e", serve], "volumeMounts": mounts,
                    "securityContext": {"runAsUser": 0, "capabilities": {"add": ["NET_ADMIN"]}},
                    "readinessProbe": {"tcpSocket": {"port": 8000}, "periodSeconds": 1},
                }],
                "volumes": volumes,
            },
        }),
    ]
}

#[test]
fn one_pod_uses_all_that_pods_of_upstream_use() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::started();
    create(&gateway, &everything());
    wait_for(&gateway, "all");

    let exec =
        |program: &str| gateway.kubectl(&["-n", "openshell", "exec", "all", "--", "bash", "-c", program]);
    assert_eq!(exec("cat /volume/init"), "from-init");
    assert_eq!(exec("cat /token/name"), "all");
    let audience =
        "cut -d . -f 2 /token/token | tr '_-' '/+' | base64 -d 2>/dev/null | grep -o '\"aud\":\\[[^]]*\\]'";
    assert_eq!(exec(audience), r#""aud":["openshell"]"#);
    assert_eq!(exec("test -x /image/pause && echo there"), "there");
    assert_eq!(exec("touch /image/x 2>/dev/null || echo read-only"), "read-only");
    assert_eq!(exec("getent hosts alias.example | cut -d ' ' -f 1"), "192.0.2.7");
    assert_eq!(
        exec("grep Seccomp: /proc/1/status | tr -d '[:space:]'"),
        "Seccomp:2"
    );
    let rules = "nft add table inet own && nft add chain inet own out '{ type filter hook output priority 0; }' && \
        nft add rule inet own out ip daddr 192.0.2.9 reject && nft list table inet own";
    assert!(exec(rules).contains("192.0.2.9 reject"));
    let policies = gateway.kubectl(&["-n", "openshell", "get", "networkpolicy", "all", "-o", "name"]);
    assert_eq!(policies, "networkpolicy.networking.k8s.io/all");
    let logs = gateway.kubectl(&["-n", "openshell", "logs", "all"]);
    assert!(logs.contains("listening"), "{logs}");
    let folder = gateway.kubectl(&[
        "get",
        "persistentvolume",
        "-o",
        r#"jsonpath={.items[?(@.spec.claimRef.name=="work")].spec.hostPath.path}{.items[?(@.spec.claimRef.name=="work")].spec.local.path}"#,
    ]);
    assert_eq!(gateway.shell(&format!("cat {folder}/init")), "from-init");
    assert_eq!(forwarded(&gateway, "pod/all", 8000), "hello");
}

/// The first line that comes through `kubectl port-forward`.
fn forwarded(gateway: &TestGateway, target: &str, port: u16) -> String {
    let script = format!(
        "kubectl -n openshell port-forward {target} :{port} & forward=$!; trap 'kill $forward' EXIT; wait $forward"
    );
    let mut command = Command::new("docker");
    command
        .args(["exec", &gateway.resource(), "bash", "-c", &script])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut forward = command.spawn().expect("docker");
    let said = BufReader::new(forward.stdout.take().expect("a pipe"))
        .lines()
        .map_while(Result::ok)
        .find(|line| line.contains("127.0.0.1:"))
        .expect("a line with the port");
    let local = said
        .split("127.0.0.1:")
        .nth(1)
        .and_then(|rest| rest.split(' ').next())
        .expect("the port")
        .to_owned();
    let answer = gateway.shell(&format!(
        "exec bash -c 'exec 3<>/dev/tcp/127.0.0.1/{local}; read -r line <&3; echo $line'"
    ));
    gateway.shell("pkill -f '[p]ort-forward'; true");
    let _ = forward.wait();
    answer
}

/// A pod that gives up at its first failed call of the API's Service, as servers and controllers do.
fn impatient() -> serde_json::Value {
    let lent = LentPrograms::of_node();
    let call = "timeout 5 kubectl get --raw /version && exec sleep infinity";
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "impatient"},
        "spec": {
            "terminationGracePeriodSeconds": 0, "restartPolicy": "Always",
            "containers": [{
                "name": "main", "image": "openshell/pause:1", "imagePullPolicy": "Never",
                "command": ["bash", "-c", call], "volumeMounts": lent.mounts,
            }],
            "volumes": lent.volumes,
        },
    })
}

#[test]
fn a_pod_that_needs_the_api_at_its_start_is_not_started_before_the_api_is_reachable() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::started();
    create(&gateway, &[impatient()]);
    wait_for(&gateway, "impatient");
    // Which of kube-proxy and the kubelet is first is chance otherwise.
    gateway.shell(
        "rm /usr/local/bin/kube-proxy && printf '%s\\n' '#!/bin/bash' 'sleep 4' 'exec -a kube-proxy kubernetes \"$@\"' >/usr/local/bin/kube-proxy && \
         chmod 755 /usr/local/bin/kube-proxy",
    );
    let restarts = || -> u32 {
        let path = "jsonpath={.status.containerStatuses[0].restartCount}";
        let count = gateway.kubectl(&["-n", "openshell", "get", "pod", "impatient", "-o", path]);
        count.parse().expect("a number")
    };
    let rounds = if std::env::var_os("OPENSHELL_TEST_ALL").is_some() {
        10
    } else {
        2
    };
    let mut seen = restarts();
    assert_eq!(seen, 0);
    for stop in ["stop", "kill"] {
        for round in 1..=rounds {
            if stop == "stop" {
                gateway.run("stop", &[]).well();
            } else {
                docker(&["kill", &gateway.resource()]);
            }
            gateway.start(&[]).well();
            // The kubelet reports the container of this start once it has looked.
            until("the pod runs again", || {
                let since = "jsonpath={.status.containerStatuses[0].state.running.startedAt}";
                let pod = gateway.kubectl(&["-n", "openshell", "get", "pod", "impatient", "-o", since]);
                let node = Ended::of({
                    let mut inspect = Command::new("docker");
                    inspect.args(["inspect", "--format", "{{.State.StartedAt}}", &gateway.resource()]);
                    inspect
                });
                !pod.is_empty() && pod.as_str() >= &node.stdout[..19]
            });
            let now = restarts();
            assert!(now <= seen + 1, "{stop} {round}: restarted {} times", now - seen);
            seen = now;
        }
    }
}
