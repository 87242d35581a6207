//! Sandboxes live through whatever happens to their gateway's container: what runs answers again with its data, what is suspended stays so.

use end_to_end::{
    Chart, Deployed, Fault, LentPrograms, Moment, Tally, TestGateway, docker, skipped_without_docker, table,
    until,
};
use serde_json::json;

/// How often each fault is tried: kills at random moments more often, because what they hit differs.
fn tries(fault: Fault, all: bool) -> &'static [Moment] {
    const KILLS: [Moment; 20] = {
        let mut moments = [Moment::Settled; 20];
        let mut index = 0;
        while index < moments.len() {
            moments[index] = match index % 4 {
                0 => Moment::Settled,
                1 | 2 => Moment::Creating,
                _ => Moment::ComingUp,
            };
            index += 1;
        }
        moments
    };
    match (all, fault.is_kill()) {
        (true, true) => &KILLS,
        (true, false) => &[Moment::Settled; 3],
        (false, _) => &[Moment::Settled],
    }
}

fn try_all(chart: Chart, faults: &[Fault], all: bool, tallies: &mut Vec<Tally>) {
    let mut deployed = Deployed::on(TestGateway::unmade(), chart);
    let mut images = Vec::new();
    for fault in faults.iter().filter(|fault| fault.happens_to(chart)) {
        let mut tally = Tally::new(fault.name(), &deployed);
        for moment in tries(*fault, all) {
            let prepare = |deployed: &mut Deployed| {
                let image = fault.prepare(deployed);
                images.extend(image.clone());
                image
            };
            tally.attempt(&mut deployed, *moment, prepare, |deployed, image| {
                fault.strike(deployed, image.as_deref());
            });
        }
        tallies.push(tally);
        println!("{}", table(tallies));
    }
    drop(deployed);
    for image in images {
        docker(&["rmi", &image]);
    }
}

#[test]
fn sandboxes_answer_again_after_every_fault() {
    if skipped_without_docker() {
        return;
    }
    let all = std::env::var_os("OPENSHELL_TEST_ALL").is_some();
    let mut tallies = Vec::new();
    if all {
        for chart in [Chart::BuiltIn, Chart::Today, Chart::First] {
            try_all(chart, &Fault::ALL, true, &mut tallies);
        }
    } else {
        let some = [Fault::StopStart, Fault::DockerKill, Fault::ImageReplaced];
        try_all(Chart::BuiltIn, &some, false, &mut tallies);
    }
    let lost: usize = tallies.iter().map(|tally| tally.lost.len()).sum();
    assert_eq!(lost, 0, "\n{}", table(&tallies));
}

#[test]
fn many_sandboxes_answer_again_after_a_kill() {
    if skipped_without_docker() {
        return;
    }
    let count = if std::env::var_os("OPENSHELL_TEST_ALL").is_some() {
        50
    } else {
        5
    };
    let mut deployed = Deployed::on(TestGateway::unmade(), Chart::BuiltIn);
    let mut tally = Tally::new(&format!("docker kill, {count} sandboxes"), &deployed);
    tally.attempt_many(&mut deployed, count, |deployed| {
        Fault::DockerKill.strike(deployed, None);
    });
    let table = table(&[tally.clone()]);
    println!("{table}");
    assert!(tally.lost.is_empty(), "\n{table}");
}

/// From now on the server takes this many seconds at each start.
fn slow_down(gateway: &TestGateway, seconds: u32) {
    let lent = LentPrograms::of_node();
    let wait = json!({
        "name": "wait", "image": "openshell/pause:1", "imagePullPolicy": "Never",
        "command": ["bash", "-c", format!("sleep {seconds}")], "volumeMounts": lent.mounts,
    });
    let spec = json!({ "initContainers": [wait], "volumes": lent.volumes });
    let patch = json!({ "spec": { "template": { "spec": spec } } }).to_string();
    let workload = [
        "-n",
        "openshell",
        "patch",
        "statefulset",
        "openshell",
        "--patch",
        &patch,
    ];
    gateway.kubectl(&workload);
    gateway.kubectl(&[
        "-n",
        "openshell",
        "rollout",
        "status",
        "statefulset/openshell",
        "--timeout=180s",
    ]);
}

/// A supervisor gives up after 11 s without a server.
#[test]
fn a_server_that_is_slow_to_start_loses_no_sandbox() {
    if skipped_without_docker() {
        return;
    }
    let seconds = if std::env::var_os("OPENSHELL_TEST_ALL").is_some() {
        60
    } else {
        25
    };
    let mut deployed = Deployed::on(TestGateway::unmade(), Chart::BuiltIn);
    let mut tally = Tally::new("slow server, killed", &deployed);
    let slow_down = |deployed: &mut Deployed| slow_down(&deployed.gateway, seconds);
    tally.attempt(&mut deployed, Moment::Settled, slow_down, |deployed, ()| {
        Fault::DockerKill.strike(deployed, None);
    });
    let table = table(&[tally.clone()]);
    assert!(tally.lost.is_empty(), "\n{table}");
    assert!(
        tally.seconds.iter().all(|taken| *taken > f64::from(seconds)),
        "\n{table}"
    );
}

/// A pod that tells when it was asked to end, `seconds` later.
fn teller(name: &str, labels: &serde_json::Value, seconds: u32) -> serde_json::Value {
    let lent = LentPrograms::of_node();
    let mut volumes = lent.volumes;
    let folder = format!("{FOLDER}/told");
    volumes.push(json!({ "name": "told", "hostPath": { "path": folder, "type": "DirectoryOrCreate" } }));
    let mut mounts = lent.mounts;
    mounts.push(json!({ "name": "told", "mountPath": "/told" }));
    let script = format!(
        "trap 'sleep {seconds}; date +%s%N >/told/{name}; exit' TERM; touch /told/ready-{name}; while :; do sleep 0.1; done"
    );
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "labels": labels },
        "spec": {
            "restartPolicy": "Never",
            "containers": [{
                "name": "main", "image": "openshell/pause:1", "imagePullPolicy": "Never",
                "command": ["bash", "-c", script], "volumeMounts": mounts, "securityContext": { "runAsUser": 0 },
            }],
            "volumes": volumes,
        },
    })
}

/// On the gateway's volume.
const FOLDER: &str = "/var/lib/rancher/k3s/storage";

/// A supervisor that is asked to end says so to the server, which takes that as the end of its sandbox.
#[test]
fn a_stop_asks_sandboxes_to_end_after_everything_else_has_ended() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::started();
    let pods = [
        teller("server", &json!({}), 2),
        teller("sandbox", &json!({ "openshell.ai/sandbox-id": "1" }), 0),
    ];
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": pods });
    gateway.shell(&format!("kubectl create -f - <<'END'\n{list}\nEND"));
    until("the pods run", || {
        let told = gateway.shell(&format!("ls {FOLDER}/told 2>/dev/null || true"));
        told.contains("ready-server") && told.contains("ready-sandbox")
    });
    gateway.run("stop", &[]).well();
    gateway.start(&[]).well();
    let at = |name: &str| -> u128 {
        let told = gateway.shell(&format!("cat {FOLDER}/told/{name}"));
        told.parse().expect("a time")
    };
    assert!(at("sandbox") >= at("server"));
}
