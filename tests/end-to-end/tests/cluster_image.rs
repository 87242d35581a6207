//! What the default cluster image promises: a health check that demands everything, supervision, a quick stop, releases of
//! other people that stay as they are.

use std::process::Command;

use end_to_end::{Ended, TestGateway, docker, own_image, signal, skipped_without_docker, until};

/// Runs a shell command in the gateway's container.
fn inside(gateway: &TestGateway, command: &str) -> Ended {
    let mut docker = Command::new("docker");
    docker.args(["exec", &gateway.resource(), "sh", "-c", command]);
    Ended::of(docker)
}

fn health(gateway: &TestGateway) -> Ended {
    inside(gateway, "cluster-node health 2>&1")
}

#[test]
fn the_health_check_demands_each_thing() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::started();
    until("the gateway is whole", || health(&gateway).code == 0);

    let secret = |name: &str| {
        let keep = format!(
            "kubectl -n openshell get secret {name} -o yaml > /tmp/kept && kubectl -n openshell delete secret {name}"
        );
        (
            keep,
            "sed -i '/resourceVersion\\|uid:/d' /tmp/kept && kubectl create -f /tmp/kept".to_owned(),
            format!("Secret {name} is missing"),
        )
    };
    let own = |take: &str, give: &str, line: &str| (take.to_owned(), give.to_owned(), line.to_owned());
    let supervisor = "/opt/openshell/bin/openshell-sandbox";
    let table = [
        secret("openshell-server-tls"),
        secret("openshell-server-client-ca"),
        secret("openshell-client-tls"),
        secret("openshell-ssh-handshake"),
        own(
            &format!("mv {supervisor} /tmp/supervisor"),
            &format!("mv /tmp/supervisor {supervisor}"),
            "HEALTHCHECK_MISSING_SUPERVISOR",
        ),
        own(
            "kubectl -n openshell scale statefulset openshell --replicas=0",
            "kubectl -n openshell scale statefulset openshell --replicas=1",
            "no replica of the gateway server is ready",
        ),
        own(
            "kubectl -n openshell get service openshell -o yaml > /tmp/kept && kubectl -n openshell delete service openshell",
            "sed -i '/resourceVersion\\|uid:/d' /tmp/kept && kubectl create -f /tmp/kept",
            "node port 30051 does not answer",
        ),
        (
            signal("STOP", "kube-apiserver"),
            signal("CONT", "kube-apiserver"),
            "the API server is not ready".to_owned(),
        ),
        (
            signal("STOP", "coredns"),
            signal("CONT", "coredns"),
            "the cluster's DNS at 10.43.0.10 does not answer".to_owned(),
        ),
    ];
    for (take_away, give_back, line) in table {
        inside(&gateway, &take_away).well();
        until(&format!("the health check says: {line}"), || {
            let asked = health(&gateway);
            asked.code == 1 && asked.stdout.contains(&line)
        });
        inside(&gateway, &give_back).well();
        until(&format!("whole again after: {line}"), || {
            health(&gateway).code == 0
        });
    }
}

#[test]
fn parts_that_die_come_back_and_a_stop_is_quick_and_complete() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::started();
    for part in [
        "kube-scheduler",
        "kube-apiserver",
        "etcd",
        "kubelet",
        "containerd",
        "kube-proxy",
        "local-path",
        "coredns",
    ] {
        inside(&gateway, &signal("KILL", part)).well();
        let line = format!("cluster-node: {part} ended");
        until(&format!("{part} is started again"), || {
            let mut logs = Command::new("docker");
            logs.args(["logs", &gateway.resource()]);
            Ended::of(logs).stderr.contains(&line)
        });
    }
    until("the gateway is whole again", || health(&gateway).code == 0);
    assert_eq!(gateway.status()["state"], "serving");

    gateway.run("stop", &[]).well();
    let ended = docker(&["inspect", "--format", "{{.State.ExitCode}}", &gateway.resource()]);
    assert_eq!(ended, "0", "the node was killed instead of stopping by itself");
}

#[test]
fn a_node_that_is_stopped_young_stops_by_itself() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::unmade();
    let image = own_image();
    let port = gateway.port.to_string();
    let ensure = [
        "ensure",
        "--gateway",
        &gateway.name,
        "--port",
        &port,
        "--image",
        &image,
    ];
    Ended::of(gateway.tool("gw-container", &ensure)).well();
    // containerd is up and gets the images of pods: the longest of what a young node does.
    until("the node starts", || {
        inside(&gateway, "ctr --address /run/containerd/containerd.sock version").code == 0
    });
    docker(&["stop", "--time", "30", &gateway.resource()]);
    let ended = docker(&["inspect", "--format", "{{.State.ExitCode}}", &gateway.resource()]);
    assert_eq!(ended, "0", "the node was killed instead of stopping by itself");
}

#[test]
fn a_part_that_cannot_stay_up_ends_the_container_with_the_reason() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::started();
    docker(&["update", "--restart", "no", &gateway.resource()]);
    inside(
        &gateway,
        "mv /usr/local/bin/kube-scheduler /tmp/ && ln -s /bin/false /usr/local/bin/kube-scheduler",
    )
    .well();
    inside(&gateway, &signal("KILL", "kube-scheduler")).well();
    until("the container goes on", || {
        docker(&["inspect", "--format", "{{.State.Running}}", &gateway.resource()]) == "false"
    });
    assert_eq!(
        docker(&["inspect", "--format", "{{.State.ExitCode}}", &gateway.resource()]),
        "1"
    );
    let mut logs = Command::new("docker");
    logs.args(["logs", "--tail", "40", &gateway.resource()]);
    let said = Ended::of(logs).stderr;
    assert!(said.contains("kube-scheduler ended 5 times"), "{said}");
}

#[test]
fn a_release_that_somebody_else_deployed_is_never_changed() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::started();
    let revisions = || {
        gateway.kubectl(&[
            "-n",
            "openshell",
            "get",
            "secret",
            "-l",
            "owner=helm,name=openshell",
            "-o",
            "name",
        ])
    };
    assert_eq!(revisions().lines().count(), 1);

    // Somebody upgrades the release by hand.
    let upgrade = "helm upgrade openshell /opt/openshell/chart/openshell --namespace openshell --values /opt/openshell/chart/values.json";
    inside(
        &gateway,
        &format!("HOME=/tmp KUBECONFIG=/etc/rancher/k3s/k3s.yaml {upgrade}"),
    )
    .well();
    assert_eq!(revisions().lines().count(), 2);

    // A setting that the bundled chart would follow replaces the container; the release stays as it was deployed.
    gateway.start(&["--gateway-host", "gateway.invalid"]).well();
    assert_eq!(revisions().lines().count(), 2);
}
