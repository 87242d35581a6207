//! Names that pods resolve: Services, the container's own name servers', and the Docker host's.

use std::net::TcpListener;

use end_to_end::{LentPrograms, TestGateway, docker, signal, skipped_without_docker, until};
use serde_json::json;

/// The command of a pod that is asked, told apart from all others on the node.
fn command(policy: &str) -> String {
    let seconds = if policy == "Default" { 86_301 } else { 86_302 };
    format!("/usr/bin/sleep {seconds}")
}

/// Makes a headless Service `asker` with one pod of it for each DNS policy, named for the policy.
fn make_askers(gateway: &TestGateway) {
    let lent = LentPrograms::of_node();
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
                    "command": command.split(' ').collect::<Vec<_>>(), "volumeMounts": lent.mounts,
                }],
                "volumes": lent.volumes,
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
        let what = format!("{name} is {expected}");
        until(&what, || resolve(&gateway, "ClusterFirst", name) == expected);
    }
    assert_eq!(resolve(&gateway, "Default", &gateway.resource()), container);
    let connect = "bash -c ': </dev/tcp/openshell.openshell.svc.cluster.local/8080'";
    in_pod(&gateway, "ClusterFirst", connect);

    // Its account may read what names are made of, and nothing else.
    let may = |verb: &str, kind: &str| {
        let ask = format!(
            "kubectl --kubeconfig /run/openshell/coredns.kubeconfig auth can-i {verb} {kind} -A || true"
        );
        gateway.shell(&ask)
    };
    for kind in ["services", "endpointslices", "namespaces"] {
        assert_eq!(may("watch", kind), "yes", "{kind}");
        assert_eq!(may("create", kind), "no", "{kind}");
    }
    for kind in ["secrets", "pods", "configmaps"] {
        assert_eq!(may("list", kind), "no", "{kind}");
    }

    // Without the API server a new process knows no name of the cluster, says so, and resolves every other one.
    gateway.shell(&signal("STOP", "kube-apiserver"));
    assert_eq!(resolve(&gateway, "ClusterFirst", "openshell"), service);
    gateway.shell(&signal("KILL", "coredns"));
    let own = format!("{}.", gateway.resource());
    until("it answers again", || {
        resolve(&gateway, "ClusterFirst", &own) == container
    });
    let unknown = resolve(&gateway, "ClusterFirst", "openshell.openshell.svc.cluster.local.");
    assert_eq!(unknown, "Temporary failure in name resolution");
    gateway.shell(&signal("CONT", "kube-apiserver"));
    until("the cluster's names are known again", || {
        resolve(&gateway, "ClusterFirst", "openshell") == service
    });
}

/// Can a pod connect to a port of the machine that Docker runs on, by this name?
fn reaches_docker_host(gateway: &TestGateway, name: &str, port: u16) -> bool {
    let command = command("ClusterFirst");
    let connect = format!("timeout 5 bash -c ': </dev/tcp/{name}/{port}'");
    let asked = gateway.shell(&format!(
        "nsenter --target $(pgrep -f -x '{command}') --mount --net -- {connect} && echo reached || echo refused"
    ));
    asked == "reached"
}

#[test]
fn pods_reach_the_docker_host_by_its_names_also_on_a_network_made_anew() {
    if skipped_without_docker() {
        return;
    }
    let listener = TcpListener::bind("0.0.0.0:0").expect("a port of this machine");
    let port = listener.local_addr().expect("its address").port();
    let gateway = TestGateway::started();
    make_askers(&gateway);
    let both = ["host.docker.internal", "host.openshell.internal"];
    for name in both {
        assert!(reaches_docker_host(&gateway, name, port), "{name}");
    }

    let subnet = |gateway: &TestGateway| {
        let format = "{{range .IPAM.Config}}{{.Subnet}}{{end}}";
        docker(&["network", "inspect", "--format", format, &gateway.resource()])
    };
    let before = subnet(&gateway);
    gateway.run("stop", &[]).well();
    docker(&["network", "rm", &gateway.resource()]);
    // Somebody else takes the addresses.
    let other = format!("{}-other", gateway.resource());
    docker(&["network", "create", "--subnet", &before, &other]);
    let started = gateway.start(&[]);
    docker(&["network", "rm", &other]);
    started.well();
    assert_ne!(subnet(&gateway), before);
    for name in both {
        until(&format!("{name} is reached"), || {
            reaches_docker_host(&gateway, name, port)
        });
    }
    drop(listener);
    assert!(
        !reaches_docker_host(&gateway, both[0], port),
        "somebody else listens"
    );
}
