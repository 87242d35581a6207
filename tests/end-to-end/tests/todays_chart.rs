//! The chart in the shape of today's (tests/charts/today): what it needs, what it makes, and that sandboxes work behind it.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use end_to_end::{Ended, TestGateway, TodaysChart, skipped_without_docker};
use reference_base::api::SandboxPhase;
use reference_base::client::GatewayClient;

/// How long a condition may take on a slow machine.
const PATIENCE: Duration = Duration::from_secs(180);
const SECRETS: [&str; 4] = [
    "openshell-client-tls",
    "openshell-credential-storage-key-encryption-key",
    "openshell-jwt-keys",
    "openshell-server-tls",
];

/// Names and versions of the Secrets that the chart makes.
fn secrets(gateway: &TestGateway) -> Vec<String> {
    let path = r#"jsonpath={range .items[*]}{.metadata.name}={.metadata.resourceVersion}{"\n"}{end}"#;
    let all = gateway.kubectl(&["-n", "today", "get", "secrets", "-o", path]);
    let ours = all
        .lines()
        .filter(|line| SECRETS.iter().any(|name| line.starts_with(name)));
    ours.map(str::to_owned).collect()
}

/// `kubectl port-forward` to the server; it ends with the value.
struct Forward {
    kubectl: Child,
    address: String,
    /// It tells each connection, and ends if nobody listens.
    _told: BufReader<ChildStdout>,
}

impl Drop for Forward {
    fn drop(&mut self) {
        let _ = self.kubectl.kill();
        let _ = self.kubectl.wait();
    }
}

impl Forward {
    fn to(gateway: &TestGateway) -> Self {
        let mut command = Command::new("kubectl");
        command
            .arg("--kubeconfig")
            .arg(gateway.folder().join("kubeconfig"));
        command.args(["-n", "today", "port-forward", "service/openshell", ":8080"]);
        let mut kubectl = command.stdout(Stdio::piped()).spawn().expect("kubectl");
        let mut told = BufReader::new(kubectl.stdout.take().expect("standard output"));
        let mut line = String::new();
        told.read_line(&mut line).expect("a line");
        // Forwarding from 127.0.0.1:PORT -> 8080
        let address = line.split_whitespace().nth(2).expect("an address").to_owned();
        Self {
            kubectl,
            address,
            _told: told,
        }
    }
}

#[test]
fn it_comes_to_serve_keeps_its_secrets_and_refuses_a_partial_state() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::started();
    let charts = TodaysChart::of(&gateway);

    // Without a cluster nobody serves the API that it needs.
    let offline = charts.helm(&["template", "openshell", "./today", "--kube-version", "1.35.0"]);
    assert_ne!(offline.code, 0);
    assert!(
        offline.stderr.contains("Agent Sandbox is not installed"),
        "{}",
        offline.stderr
    );

    charts.install_needs();
    charts.upgrade(&["--wait"]).well();
    let made = secrets(&gateway);
    assert_eq!(made.len(), SECRETS.len(), "{made:?}");
    let name = ["get", "clusterrole", "openshell-node-reader", "-o", "name"];
    assert_eq!(
        gateway.kubectl(&name),
        "clusterrole.rbac.authorization.k8s.io/openshell-node-reader"
    );

    // A value that the configuration has rolls the server out; nothing of the Secrets changes.
    let pod = || {
        gateway.kubectl(&[
            "-n",
            "today",
            "get",
            "pod",
            "openshell-0",
            "-o",
            "jsonpath={.metadata.uid}",
        ])
    };
    let before = pod();
    charts
        .upgrade(&["--wait", "--set", "server.logLevel=debug"])
        .well();
    assert_ne!(pod(), before);
    assert_eq!(secrets(&gateway), made);

    a_sandbox_is_stopped_and_started(&gateway);

    gateway.kubectl(&["-n", "today", "delete", "secret", "openshell-client-tls"]);
    assert_ne!(charts.upgrade(&["--timeout", "20s"]).code, 0);
    let log = gateway.kubectl(&["-n", "today", "logs", "job/openshell-certgen", "--tail", "5"]);
    assert!(log.contains("partial PKI state"), "{log}");
    assert_eq!(secrets(&gateway).len(), SECRETS.len() - 1);
}

/// What a wait for the sandboxes of the gateway in namespace `today` tells.
fn sandboxes(gateway: &TestGateway) -> serde_json::Value {
    let kubeconfig = gateway.folder().join("kubeconfig");
    let mut command = gateway.tool(
        "gw-wait",
        &["sandboxes", "--namespace", "today", "--timeout", "60s"],
    );
    command.arg("--kubeconfig").arg(kubeconfig);
    Ended::of(command).well().document()["sandboxes"].take()
}

/// Through the API alone: such a server opens no tunnels.
fn a_sandbox_is_stopped_and_started(gateway: &TestGateway) {
    let forward = Forward::to(gateway);
    let client = GatewayClient::new(
        &format!("https://{}", forward.address),
        Some(TodaysChart(gateway).client_tls()),
    );
    let client = client.expect("an endpoint");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let becomes = async |phase: SandboxPhase| {
        let end = Instant::now() + PATIENCE;
        loop {
            let now = client.phase("box").await.expect("a phase");
            if now == phase {
                return;
            }
            assert!(Instant::now() < end, "it is {now:?}, not {phase:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    runtime.block_on(async {
        client.make_sandbox("box").await.expect("a sandbox");
        becomes(SandboxPhase::Ready).await;
        let kept = client
            .exec("box", &["openshell-sandbox", "keep", "a line"])
            .await
            .expect("an exec");
        assert_eq!(kept.0, 0, "{}", kept.2);
        client.set_running("box", false).await.expect("a stop");
        becomes(SandboxPhase::Stopped).await;
        assert_eq!(
            sandboxes(gateway)["summary"],
            "1 sandbox: 1 suspended",
            "its user's wish"
        );
        client.set_running("box", true).await.expect("a start");
        becomes(SandboxPhase::Ready).await;
        let seen = sandboxes(gateway);
        assert_eq!(seen["summary"], "1 sandbox: 1 ready");
        assert_eq!(
            (&seen["gateway_id"], &seen["all_namespaces"]),
            (&"openshell".into(), &true.into())
        );
        let told = &seen["list"][0];
        for (field, value) in [
            ("namespace", "today"),
            ("name", "box"),
            ("workspace", "default"),
            ("object", "default--box"),
            ("phase", "Ready"),
            ("pod", "default--box"),
            ("pvc", "workspace-default--box"),
        ] {
            assert_eq!(told[field], value, "{told}");
        }
        // The other gateway of this cluster has the same id, and none of its sandboxes.
        assert_eq!(gateway.status()["sandboxes"]["summary"], "no sandboxes");
        let kept = client
            .exec("box", &["openshell-sandbox", "kept"])
            .await
            .expect("an exec");
        assert_eq!(kept.1, "a line\n");
        client.delete_sandbox("box").await.expect("a deletion");
    });
}
