//! What the default cluster image promises: a health check that demands everything, supervision, a quick stop, releases of
//! other people that stay as they are, and names of Services in pods.

use std::process::Command;
use std::time::{Duration, Instant};

use end_to_end::{Ended, TestGateway, docker, own_image, skipped_without_docker};
use serde_json::json;

/// Runs a shell command in the gateway's container.
fn inside(gateway: &TestGateway, command: &str) -> Ended {
    let mut docker = Command::new("docker");
    docker.args(["exec", &gateway.resource(), "sh", "-c", command]);
    Ended::of(docker)
}

fn health(gateway: &TestGateway) -> Ended {
    inside(gateway, "cluster-node health 2>&1")
}

/// Waits until `holds` does; panics with `what` after two minutes.
fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(120);
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(250));
    }
}

/// The shell command that sends a signal to a part of the node.
fn signal(name: &str, part: &str) -> String {
    format!(
        "for p in /proc/[0-9]*; do [ \"$(cat $p/comm)\" = {part} ] && kill -{name} ${{p#/proc/}}; done; true"
    )
}

#[test]
fn the_health_check_demands_each_thing() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::started();
    wait_until("the gateway is not whole", || health(&gateway).code == 0);

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
            signal("STOP", "cluster-dns"),
            signal("CONT", "cluster-dns"),
            "the cluster's DNS at 10.43.0.10 does not answer".to_owned(),
        ),
    ];
    for (take_away, give_back, line) in table {
        inside(&gateway, &take_away).well();
        wait_until(&format!("the health check does not say: {line}"), || {
            let asked = health(&gateway);
            asked.code == 1 && asked.stdout.contains(&line)
        });
        inside(&gateway, &give_back).well();
        wait_until(&format!("not whole again after: {line}"), || {
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
        "local-path",
        "cluster-dns",
    ] {
        inside(&gateway, &signal("KILL", part)).well();
        let line = format!("cluster-node: {part} ended");
        wait_until(&format!("{part} was not started again"), || {
            let mut logs = Command::new("docker");
            logs.args(["logs", &gateway.resource()]);
            Ended::of(logs).stderr.contains(&line)
        });
    }
    wait_until("the gateway is not whole again", || health(&gateway).code == 0);
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
    wait_until("the node does not start", || {
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
    wait_until("the container goes on", || {
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

/// The command of a pod that is asked, told apart from all others on the node.
fn command(policy: &str) -> String {
    let seconds = if policy == "Default" { 86_301 } else { 86_302 };
    format!("/usr/bin/sleep {seconds}")
}

/// Makes a headless Service `asker` with one pod of it for each DNS policy, named for the policy; the image has no programs: the
/// node's are lent to them.
fn make_askers(gateway: &TestGateway) {
    let lent = [("/usr", "/usr"), ("/usr/lib", "/lib"), ("/usr/lib64", "/lib64")];
    let volumes = lent.map(|(path, at)| json!({"name": at.trim_matches('/'), "hostPath": {"path": path}}));
    let mounts = lent.map(|(_, at)| json!({"name": at.trim_matches('/'), "mountPath": at, "readOnly": true}));
    let mut objects = vec![json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "asker", "namespace": "openshell"},
        "spec": {"clusterIP": "None", "selector": {"app": "asker"}},
    })];
    for policy in ["Default", "ClusterFirst"] {
        let command = command(policy);
        objects.push(json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": policy.to_lowercase(), "namespace": "openshell", "labels": {"app": "asker"}},
            "spec": {
                "dnsPolicy": policy, "hostname": policy.to_lowercase(), "subdomain": "asker",
                "terminationGracePeriodSeconds": 0,
                "containers": [{
                    "name": "main", "image": "openshell/pause:1", "imagePullPolicy": "Never",
                    "command": command.split(' ').collect::<Vec<_>>(), "volumeMounts": mounts,
                }],
                "volumes": volumes,
            },
        }));
    }
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    gateway.shell(&format!("echo '{list}' | kubectl create -f -"));
    let wait = [
        "-n",
        "openshell",
        "wait",
        "--for=condition=Ready",
        "pod",
        "-l",
        "app=asker",
    ];
    gateway.kubectl(&[&wait[..], &["--timeout=120s"]].concat());
}

/// What a pod's resolver says of a name: its addresses, or the error. Works without the API server, too.
fn resolve(gateway: &TestGateway, policy: &str, name: &str) -> String {
    let script = "use Socket qw(:addrinfo SOCK_STREAM AF_INET); \
        my ($error, @found) = getaddrinfo($ARGV[0], \"\", {socktype => SOCK_STREAM, family => AF_INET}); \
        print $error || join \" \", sort map { (getnameinfo($_->{addr}, NI_NUMERICHOST))[1] } @found";
    in_pod(gateway, policy, &format!("perl -e '{script}' {name}"))
}

fn in_pod(gateway: &TestGateway, policy: &str, program: &str) -> String {
    let command = command(policy);
    gateway.shell(&format!(
        "nsenter --target $(pgrep -f -x '{command}') --mount --net -- {program}"
    ))
}

#[test]
fn names_resolve_in_pods() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::started();
    make_askers(&gateway);
    let field = |object: &[&str], path: &str| {
        let path = format!("jsonpath={path}");
        gateway.kubectl(&[&["-n", "openshell", "get"], object, &["-o", &path]].concat())
    };
    let service = field(&["service", "openshell"], "{.spec.clusterIP}");
    let pod = |name: &str| field(&["pod", name], "{.status.podIP}");
    let mut both = [pod("default"), pod("clusterfirst")];
    both.sort();
    let container = docker(&[
        "inspect",
        "--format",
        "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}",
        &gateway.resource(),
    ]);
    let table = [
        ("openshell.openshell.svc.cluster.local", service.as_str()),
        ("openshell", &service),
        ("kubernetes.default", "10.43.0.1"),
        ("kube-dns.kube-system", "10.43.0.10"),
        ("asker", &both.join(" ")),
        ("default.asker", &pod("default")),
        ("openshell-0.openshell", &pod("openshell-0")),
        // Docker's own name server knows it, and nobody else.
        (&gateway.resource(), &container),
        ("absent.openshell.svc.cluster.local.", "Name or service not known"),
    ];
    for (name, expected) in table {
        let what = format!("{name} is not {expected}");
        wait_until(&what, || resolve(&gateway, "ClusterFirst", name) == expected);
    }
    assert_eq!(resolve(&gateway, "Default", &gateway.resource()), container);
    let connect = "bash -c ': </dev/tcp/openshell.openshell.svc.cluster.local/8080'";
    in_pod(&gateway, "ClusterFirst", connect);

    // Its account may read what names are made of, and nothing else.
    let may = |verb: &str, kind: &str| {
        let ask = format!(
            "kubectl --kubeconfig /run/openshell/cluster-dns.kubeconfig auth can-i {verb} {kind} -A || true"
        );
        gateway.shell(&ask)
    };
    for kind in ["services", "endpoints"] {
        assert_eq!(may("watch", kind), "yes", "{kind}");
        assert_eq!(may("create", kind), "no", "{kind}");
    }
    for kind in ["secrets", "pods", "namespaces"] {
        assert_eq!(may("list", kind), "no", "{kind}");
    }

    // Without the API server a new process knows no name of the cluster, says so, and resolves every other one.
    gateway.shell(&signal("STOP", "kube-apiserver"));
    assert_eq!(resolve(&gateway, "ClusterFirst", "openshell"), service);
    gateway.shell(&signal("KILL", "cluster-dns"));
    let own = format!("{}.", gateway.resource());
    wait_until("it does not answer again", || {
        resolve(&gateway, "ClusterFirst", &own) == container
    });
    let unknown = resolve(&gateway, "ClusterFirst", "openshell.openshell.svc.cluster.local.");
    assert_eq!(unknown, "Temporary failure in name resolution");
    gateway.shell(&signal("CONT", "kube-apiserver"));
    wait_until("the cluster's names are not known again", || {
        resolve(&gateway, "ClusterFirst", "openshell") == service
    });
}
