//! Many nodes, pods and volumes, beside the kubectl loop that does the same. Only where sweeps are thorough: it takes
//! minutes.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use cluster_fixture::{client, is_thorough, kubeconfig, run_apart};
use futures_util::{StreamExt, stream};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::Client;
use tempfile::NamedTempFile;

use crate::stage::{LONG_AGO, Stage, lease, node};

const NODES: usize = 1000;
const PODS: usize = 5000;
const VOLUMES: usize = 1000;
/// kubectl is measured on so many objects of each kind, and scaled.
const MEASURED: usize = 20;
/// The tool may have this much memory.
const MOST_MEMORY_KIB: u64 = 100 * 1024;

#[test]
fn a_thousand_nodes_go_ten_times_as_fast_as_by_kubectl() {
    if !is_thorough() {
        println!("skipped: a sweep or a benchmark, only with scripts/test --all");
        return;
    }
    let Some(kubeconfig) = kubeconfig() else { return };
    let Some(container) = std::env::var_os("OPENSHELL_TEST_GATEWAY") else {
        println!("skipped: OPENSHELL_TEST_GATEWAY is not set, and kubectl is in its container");
        return;
    };
    let container = format!("openshell-cluster-{}", container.to_string_lossy());
    let stage = Stage::set(kubeconfig);

    make(&stage, "few", MEASURED, MEASURED, MEASURED);
    let by_kubectl = kubectl_loop(&container, &stage, "few");

    make(&stage, "many", NODES, PODS, VOLUMES);
    let before = run_apart(async || requests(&client(&stage.kubeconfig).await).await);
    let mut command = stage.command(&stage.kubeconfig);
    // The document is longer than a pipe holds.
    let (stdout, stderr) = (
        NamedTempFile::new().expect("a file"),
        NamedTempFile::new().expect("a file"),
    );
    let writer = |file: &NamedTempFile| Stdio::from(file.reopen().expect("a file"));
    command
        .args(["--timeout", "20m"])
        .stdout(writer(&stdout))
        .stderr(writer(&stderr));
    let begun = Instant::now();
    let mut child = command.spawn().expect("the tool starts");
    let mut memory = 0;
    while child.try_wait().expect("its state").is_none() {
        memory = memory.max(peak_memory(child.id()).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(50));
    }
    let took = begun.elapsed();
    let output = Output {
        status: child.wait().expect("its end"),
        stdout: std::fs::read(stdout.path()).expect("a file"),
        stderr: std::fs::read(stderr.path()).expect("a file"),
    };
    let ended = tool_document::read(&command, &output);
    let after = run_apart(async || requests(&client(&stage.kubeconfig).await).await);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(
        ended.document["stale_nodes"].as_array().map(Vec::len),
        Some(NODES)
    );
    assert_eq!(
        ended.document["pods_deleted"].as_array().map(Vec::len),
        Some(PODS)
    );
    assert_eq!(
        ended.document["volumes_rebound"].as_array().map(Vec::len),
        Some(VOLUMES)
    );

    let ratio = by_kubectl.as_secs_f64() / took.as_secs_f64();
    println!(
        "gw-nodeclean: {:.1} s, {} MiB at most, {:.0} requests/s at the API server (all clients)",
        took.as_secs_f64(),
        memory / 1024,
        (after - before) / took.as_secs_f64(),
    );
    println!(
        "kubectl loop: {:.0} s, measured on {MEASURED} objects of each kind and scaled; {ratio:.1} times as long",
        by_kubectl.as_secs_f64()
    );
    assert!(memory < MOST_MEMORY_KIB, "{memory} KiB");
    assert!(ratio >= 10.0, "only {ratio:.1} times as fast");
}

/// Makes nodes with pods and bound volumes; the names carry `of`.
fn make(stage: &Stage, of: &str, nodes: usize, pods: usize, volumes: usize) {
    run_apart(async || {
        let client = &client(&stage.kubeconfig).await;
        let owner = &stage.owner(client).await;
        let host = |index: usize| stage.name(&format!("{of}-{}", index % nodes));
        let (host, name) = (&host, |index: usize| format!("{of}-{index}"));
        all(nodes, async |index| {
            stage.add::<Node>(client, node(&host(index))).await;
            stage.add::<Lease>(client, lease(&host(index), LONG_AGO)).await;
        })
        .await;
        all(volumes, async |index| {
            let (name, volume) = (name(index), stage.name(&name(index)));
            stage
                .add_volume(client, &volume, &host(index), &name, "rancher.io/local-path")
                .await;
            stage.bind(client, &volume, &name).await;
        })
        .await;
        all(pods, async |index| {
            let pod = stage.pod(&name(index), &host(index), Some(owner));
            stage.add::<Pod>(client, pod).await;
        })
        .await;
    });
}

async fn all(count: usize, work: impl AsyncFn(usize)) {
    stream::iter(0..count)
        .map(|index| work(index))
        .buffer_unordered(16)
        .collect::<()>()
        .await;
}

/// What a person would type in a loop, one object after another; scaled from few objects to many.
fn kubectl_loop(container: &str, stage: &Stage, of: &str) -> Duration {
    let namespace = stage.namespace.name();
    let timed = |script: &str| {
        let begun = Instant::now();
        let script = format!("set -e; for i in $(seq 0 {}); do {script}; done", MEASURED - 1);
        let output = Command::new("docker")
            .args(["exec", container, "sh", "-c", &script])
            .output()
            .expect("docker runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        begun.elapsed()
    };
    let pods = timed(&format!(
        "kubectl -n {namespace} delete pod {of}-$i --force --grace-period=0 2>/dev/null"
    ));
    let name = format!("{namespace}-{of}-$i");
    let volumes = timed(&format!(
        "kubectl patch pv {name} -p '{{\"spec\":{{\"persistentVolumeReclaimPolicy\":\"Retain\"}}}}'; \
         kubectl get pv {name} -o yaml | sed '/^  uid:/d' | sed '/name: {namespace}-{of}/!s/- {namespace}-{of}-[0-9]*$/- {}/' > /tmp/pv; \
         kubectl delete pv {name} --wait=false; \
         kubectl patch pv {name} --type=merge -p '{{\"metadata\":{{\"finalizers\":null}}}}' || true; \
         kubectl create -f /tmp/pv; \
         until kubectl get pv {name} -o 'jsonpath={{.status.phase}}' | grep -q Bound; do :; done",
        stage.keep
    ));
    let nodes = timed(&format!(
        "kubectl -n kube-system delete secret {name}.node-password.k3s --ignore-not-found; \
         kubectl -n kube-node-lease delete lease {name}; kubectl delete node {name}"
    ));
    let scale = |time: Duration, count: usize| time.mul_f64(count as f64 / MEASURED as f64);
    println!("kubectl, {MEASURED} objects each: pods {pods:?}, volumes {volumes:?}, nodes {nodes:?}");
    scale(pods, PODS) + scale(volumes, VOLUMES) + scale(nodes, NODES)
}

/// All requests that the API server has answered, watches aside.
async fn requests(client: &Client) -> f64 {
    let request = http::Request::get("/metrics")
        .body(Vec::new())
        .expect("a request");
    let text = client.request_text(request).await.expect("metrics");
    text.lines()
        .filter(|line| line.starts_with("apiserver_request_total") && !line.contains("verb=\"WATCH\""))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum()
}

/// The most memory that a process has had so far, in KiB (VmHWM: proc(5)).
fn peak_memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
