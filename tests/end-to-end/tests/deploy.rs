//! `deploy`: what changed in a checkout comes to a gateway that runs, and nothing else is touched.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use end_to_end::{Checkout, Ended, Person, TestGateway, docker, skipped_without_docker, typed};
use serde_json::{Value, json};

const SUPERVISOR: &str = "/opt/openshell/bin/openshell-sandbox";

/// What runs, as far as a deployment may change it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    container: String,
    server: String,
    supervisor: String,
    revision: u64,
    version: String,
}

fn seen(gateway: &TestGateway) -> Seen {
    let server = gateway.kubectl(&[
        "-n",
        "openshell",
        "get",
        "pod",
        "openshell-0",
        "-o",
        "jsonpath={.metadata.uid}",
    ]);
    let version = r"jsonpath={.metadata.labels.app\.kubernetes\.io/version}";
    Seen {
        container: gateway.container(),
        server,
        supervisor: gateway.shell(&format!("sha256sum {SUPERVISOR}")),
        revision: last_revision(gateway).0,
        version: gateway.kubectl(&[
            "-n",
            "openshell",
            "get",
            "statefulset",
            "openshell",
            "-o",
            version,
        ]),
    }
}

/// The last revision of the release, and its status.
fn last_revision(gateway: &TestGateway) -> (u64, String) {
    let line = r#"jsonpath={range .items[*]}{.metadata.labels.version} {.metadata.labels.status}{"\n"}{end}"#;
    let selector = "owner=helm,name=openshell";
    let all = gateway.kubectl(&["-n", "openshell", "get", "secret", "-l", selector, "-o", line]);
    let read = |line: &str| {
        let (revision, status) = line.split_once(' ').expect("a revision and its status");
        (revision.parse().expect("a number"), status.to_owned())
    };
    all.lines().map(read).max().expect("a release")
}

fn deploy(checkout: &Checkout, gateway: &TestGateway, flags: &[&str]) -> Value {
    let flags = [&["--json"], flags].concat();
    Ended::of(checkout.driver(gateway, "deploy", &flags))
        .well()
        .document()
}

/// The names of the steps.
fn steps(document: &Value) -> Vec<&str> {
    let steps = document["steps"].as_array().expect("steps");
    steps
        .iter()
        .map(|step| step["name"].as_str().expect("a name"))
        .collect()
}

/// What the plan of a run names.
fn planned(document: &Value) -> Vec<&Value> {
    let plan = &document["steps"][0];
    assert_eq!(plan["name"], "plan", "{document:#}");
    let actions = plan["document"]["actions"].as_array().expect("actions");
    actions.iter().map(|action| &action["object"]).collect()
}

#[test]
fn each_change_is_deployed_alone_and_stays() {
    if skipped_without_docker() {
        return;
    }
    let checkout = Checkout::copied();
    let gateway = TestGateway::started();
    let person = Person::of(&gateway);
    let old = person.make_sandbox("old");
    person.says(&old, "a line to keep");
    let first = seen(&gateway);

    // Nothing changed: nothing is done, not even a look at the cluster.
    let document = deploy(&checkout, &gateway, &[]);
    assert_eq!(document["steps"], json!([]));
    assert_eq!(seen(&gateway), first);

    // The server. The plan comes first, and alone where only it is asked for.
    let listening = "reference-server: listening on";
    checkout.replace(
        "images/reference/server/src/server.rs",
        listening,
        "reference-server: a new one, listening on",
    );
    let document = deploy(&checkout, &gateway, &["--dry-run"]);
    assert_eq!(planned(&document), ["gateway"]);
    assert_eq!(seen(&gateway), first);
    let document = deploy(&checkout, &gateway, &[]);
    assert_eq!(planned(&document), ["gateway"]);
    let with_server = seen(&gateway);
    let log = gateway.run("logs", &["gateway"]).well().stdout;
    assert!(log.contains("a new one, listening"), "{log}");
    assert_ne!(with_server.server, first.server);
    let others = Seen {
        server: first.server.clone(),
        revision: first.revision,
        ..with_server.clone()
    };
    assert_eq!(others, first, "more than the server was changed");
    assert_eq!(with_server.revision, first.revision + 1);
    assert_eq!(person.reads(&old), ["a line to keep"]);

    // The supervisor: sandboxes that run keep theirs, new ones get the new one.
    let listening = "openshell-sandbox: listening on";
    checkout.replace(
        "images/reference/supervisor/src/run.rs",
        listening,
        "openshell-sandbox: a new one, listening on",
    );
    let document = deploy(&checkout, &gateway, &[]);
    assert_eq!(planned(&document), ["supervisor"]);
    assert!(!steps(&document).contains(&"release"), "{:?}", steps(&document));
    let with_supervisor = seen(&gateway);
    assert_ne!(with_supervisor.supervisor, with_server.supervisor);
    let others = Seen {
        supervisor: with_server.supervisor.clone(),
        ..with_supervisor.clone()
    };
    assert_eq!(others, with_server, "more than the supervisor was changed");
    let new = person.make_sandbox("new");
    person.says(&new, "a line of another");
    let log = gateway.run("logs", &["sandbox", "new"]).well();
    assert!(log.stdout.contains("a new one, listening"), "{log:?}");
    assert_eq!(person.reads(&old), ["a line to keep"]);

    // The chart: what of it concerns no pod restarts none.
    checkout.replace(
        "helm/openshell/Chart.yaml",
        "appVersion: 0.1.0",
        "appVersion: 0.1.1-new",
    );
    let document = deploy(&checkout, &gateway, &[]);
    assert_eq!(planned(&document), ["chart"]);
    assert!(!steps(&document).contains(&"load"), "{:?}", steps(&document));
    let with_chart = seen(&gateway);
    assert_eq!(with_chart.version, "0.1.1-new");
    let others = Seen {
        version: with_supervisor.version.clone(),
        revision: with_supervisor.revision,
        ..with_chart.clone()
    };
    assert_eq!(others, with_supervisor, "more than the release was changed");

    // All of it survives a restart of the container by Docker, and another container.
    let document = deploy(&checkout, &gateway, &[]);
    assert_eq!(document["steps"], json!([]));
    docker(&["restart", "--time", "30", &gateway.resource()]);
    gateway.comes_to_serve();
    assert_eq!(
        last_revision(&gateway),
        (with_chart.revision, "deployed".to_owned())
    );
    assert_eq!(seen(&gateway).supervisor, with_chart.supervisor);
    let log = gateway.run("logs", &["gateway"]).well().stdout;
    assert!(log.contains("a new one, listening"), "{log}");
    docker(&["rm", "--force", &gateway.resource()]);
    gateway.start(&[]).well();
    assert_eq!(
        last_revision(&gateway),
        (with_chart.revision, "deployed".to_owned())
    );
    assert_eq!(person.reads(&old), ["a line to keep"]);

    // What that container runs is not known: it is looked at, and only the supervisor is not what it was.
    let document = deploy(&checkout, &gateway, &[]);
    assert_eq!(planned(&document), ["gateway", "supervisor", "chart"]);
    let again = seen(&gateway);
    assert_eq!(
        (&again.supervisor, again.revision),
        (&with_chart.supervisor, with_chart.revision)
    );

    gateway.shell(HELM_CHART);
    unfinished_helm_is_healed(&checkout, &gateway);
    a_helm_that_is_left_keeps_the_next_run_waiting(&checkout, &gateway);
    let mark = r"jsonpath={.metadata.annotations.helmcharts\.helm\.cattle\.io/unmanaged}";
    let words = [
        "-n",
        "kube-system",
        "get",
        "helmcharts.helm.cattle.io",
        "openshell",
        "-o",
        mark,
    ];
    assert_eq!(gateway.kubectl(&words), "true", "k3s would undo the release");
    assert_eq!(person.reads(&old), ["a line to keep"]);
    assert_eq!(person.reads(&new), ["a line of another"]);
}

/// A hook that never ends keeps helm at work.
const HOOK: &str = r#"apiVersion: v1
kind: Pod
metadata:
  name: never-ends
  namespace: openshell
  annotations:
    helm.sh/hook: pre-upgrade
spec:
  restartPolicy: Never
  nodeSelector:
    no-such: node
  containers:
    - name: never-ends
      image: openshell/pause:1
"#;

/// Makes what k3s's helm controller reads.
const HELM_CHART: &str = r"kubectl create --filename - <<'END'
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: helmcharts.helm.cattle.io
spec:
  group: helm.cattle.io
  scope: Namespaced
  names: {kind: HelmChart, plural: helmcharts, singular: helmchart, listKind: HelmChartList}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
END
kubectl wait --for condition=established customresourcedefinition/helmcharts.helm.cattle.io
kubectl create --filename - <<'END'
apiVersion: helm.cattle.io/v1
kind: HelmChart
metadata: {name: openshell, namespace: kube-system}
END
";

/// The driver alone is killed in the middle of an upgrade: the next run does not work beside the helm that goes on.
fn a_helm_that_is_left_keeps_the_next_run_waiting(checkout: &Checkout, gateway: &TestGateway) {
    let (before, _) = last_revision(gateway);
    let mut driver = upgrade_that_does_not_end(checkout, gateway, before);
    driver.kill().expect("a process of ours");
    driver.wait().expect("the driver ends");
    let next = Ended::of(checkout.driver(gateway, "deploy", &["chart", "--timeout", "2s"]));
    assert_eq!(next.code, 75, "{}", next.stderr);
    let named = next.stderr.lines().find_map(|line| {
        let (_, rest) = line.split_once("process ")?;
        rest.strip_suffix(&format!(
            " (helm) still works on gateway {}; next: wait for it, or end that process",
            gateway.name
        ))
    });
    let helm = named.unwrap_or_else(|| panic!("no process is named: {}", next.stderr));
    let words = std::fs::read(format!("/proc/{helm}/cmdline")).expect("it lives");
    assert!(
        String::from_utf8_lossy(&words).contains("helm\0upgrade"),
        "{helm}"
    );

    // Ended as it says, it lets go.
    let mut kill = Command::new("kill");
    kill.arg(helm);
    Ended::of(kill).well();
    gateway.kubectl(&["-n", "openshell", "delete", "pod", "never-ends", "--force"]);
    checkout.put("helm/openshell/templates/hook.yaml", None);
    assert_eq!(planned(&deploy(checkout, gateway, &["chart"])), ["chart"]);
}

/// A deploy whose helm waits for a hook that never ends.
fn upgrade_that_does_not_end(checkout: &Checkout, gateway: &TestGateway, before: u64) -> std::process::Child {
    checkout.put("helm/openshell/templates/hook.yaml", Some(HOOK));
    let mut driver = checkout
        .driver(gateway, "deploy", &["chart"])
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("the driver");
    let end = Instant::now() + Duration::from_secs(120);
    let hook = [
        "-n",
        "openshell",
        "get",
        "pod",
        "never-ends",
        "--ignore-not-found",
        "-o",
        "name",
    ];
    while last_revision(gateway) != (before + 1, "pending-upgrade".to_owned())
        || gateway.kubectl(&hook).is_empty()
    {
        assert!(Instant::now() < end, "helm does not begin");
        assert!(
            driver.try_wait().expect("the driver").is_none(),
            "the driver ended"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    driver
}

/// The driver and helm are killed in the middle of an upgrade: helm refuses to go on by itself; the next deploy does.
fn unfinished_helm_is_healed(checkout: &Checkout, gateway: &TestGateway) {
    let (before, _) = last_revision(gateway);
    let mut driver = upgrade_that_does_not_end(checkout, gateway, before);
    let mut kill = Command::new("kill");
    kill.args(["-KILL", "--", &format!("-{}", driver.id())]);
    Ended::of(kill).well();
    driver.wait().expect("the driver ends");
    // helm is in no group of the driver's, and has the lock, which names it.
    let holder = std::fs::read_to_string(gateway.folder().join("lock")).expect("a lock");
    let mut kill = Command::new("kill");
    kill.args(["-KILL", holder.trim().strip_suffix(" helm").expect("helm has it")]);
    Ended::of(kill).well();
    gateway.kubectl(&["-n", "openshell", "delete", "pod", "never-ends", "--force"]);

    checkout.put("helm/openshell/templates/hook.yaml", None);
    checkout.replace(
        "helm/openshell/Chart.yaml",
        "appVersion: 0.1.1-new",
        "appVersion: 0.1.2-new",
    );
    let document = deploy(checkout, gateway, &[]);
    assert_eq!(planned(&document), ["chart"]);
    assert_eq!(last_revision(gateway), (before + 1, "deployed".to_owned()));
    assert_eq!(seen(gateway).version, "0.1.2-new");
}

#[test]
fn what_cannot_be_deployed_is_said() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::unmade();
    let ended = gateway.run("deploy", &["--json"]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert_eq!(ended.document()["error"]["reason"], "not_running");
    assert!(
        ended.stderr.contains(&format!("next: {} start", typed())),
        "{}",
        ended.stderr
    );
    let ended = gateway.run("deploy", &["everything"]);
    assert_eq!(ended.code, 2, "{}", ended.stderr);
}
