//! The tool against a real cluster (OPENSHELL_TEST_KUBECONFIG), through the proxy.

#[path = "hermetic/handshake.rs"]
mod handshake;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use cluster_fixture::{
    Asked, Fault, FaultProxy, Namespace, Program, When, client, fault_points, is_thorough, kubeconfig,
    run_apart,
};
use handshake::{Side, connect};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::DeleteParams;
use serde_json::json;
use tempfile::TempDir;
use tool_document::{Run, check};

const OURS: [&str; 4] = [
    "openshell-ca",
    "openshell-server-tls",
    "openshell-server-client-ca",
    "openshell-client-tls",
];

/// A namespace and a client's folder.
struct Scene {
    cluster: std::path::PathBuf,
    namespace: Namespace,
    home: TempDir,
}

/// Resource version and values by the Secret's name.
type Stored = BTreeMap<String, (Option<String>, BTreeMap<String, Vec<u8>>)>;

impl Scene {
    fn make() -> Option<Self> {
        let cluster = kubeconfig()?;
        Some(Self {
            namespace: Namespace::make(&cluster),
            cluster,
            home: tempfile::tempdir().unwrap(),
        })
    }

    fn tool(&self, kubeconfig: &Path, home: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gw-pki"));
        command
            .args([
                "reconcile",
                "--timeout",
                "90s",
                "--namespace",
                self.namespace.name(),
                "--kubeconfig",
            ])
            .arg(kubeconfig)
            .env("XDG_CONFIG_HOME", home)
            .env_remove("OPENSHELL_GATEWAY");
        command
    }

    fn reconcile(&self, kubeconfig: &Path) -> Run {
        let run = tool_document::run(self.tool(kubeconfig, self.home.path()));
        check(&run, include_str!("../schema.json"));
        run
    }

    fn stored(&self) -> Stored {
        let found = run_apart(async || {
            let secrets: Api<Secret> = Api::namespaced(client(&self.cluster).await, self.namespace.name());
            secrets.list(&kube::api::ListParams::default()).await.unwrap()
        });
        let ours = found.items.into_iter().filter(|secret| {
            let name = secret.metadata.name.as_deref();
            OURS.iter().any(|ours| Some(*ours) == name)
        });
        ours.map(|secret| {
            let values = secret
                .data
                .unwrap_or_default()
                .into_iter()
                .map(|(key, value)| (key, value.0));
            (
                secret.metadata.name.unwrap(),
                (secret.metadata.resource_version, values.collect()),
            )
        })
        .collect()
    }

    fn delete(&self, names: &[&str]) {
        run_apart(async || {
            let secrets: Api<Secret> = Api::namespaced(client(&self.cluster).await, self.namespace.name());
            for name in names {
                secrets.delete(name, &DeleteParams::default()).await.unwrap();
            }
        });
    }

    fn assert_connects(&self) {
        let stored = self.stored();
        let value = |secret: usize, key: &str| stored[OURS[secret]].1[key].clone();
        let folder = self.home.path().join("openshell/gateways/openshell/mtls");
        let read = |name| fs::read(folder.join(name)).unwrap();
        let server = Side {
            ca: value(2, "ca.crt"),
            certificate: value(1, "tls.crt"),
            key: value(1, "tls.key"),
        };
        let client = Side {
            ca: read("ca.crt"),
            certificate: read("tls.crt"),
            key: read("tls.key"),
        };
        let service = format!("openshell.{}.svc.cluster.local", self.namespace.name());
        for name in ["127.0.0.1", "localhost", &service] {
            connect(&server, &client, name).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}

#[test]
fn makes_everything_once_and_then_nothing() {
    let Some(scene) = Scene::make() else { return };
    let first = scene.reconcile(&scene.cluster);
    assert_eq!(
        (first.code, &first.document["changed"]),
        (0, &json!(true)),
        "{}",
        first.stderr
    );
    scene.assert_connects();
    let before = scene.stored();
    assert_eq!(before.len(), OURS.len());
    let second = scene.reconcile(&scene.cluster);
    assert_eq!(
        (second.code, &second.document["changed"]),
        (0, &json!(false)),
        "{}",
        second.stderr
    );
    assert_eq!(scene.stored(), before);

    scene.delete(&[OURS[1]]);
    let third = scene.reconcile(&scene.cluster);
    assert_eq!(third.code, 0, "{}", third.stderr);
    let mut after = scene.stored();
    assert_ne!(
        after.insert(OURS[1].to_owned(), before[OURS[1]].clone()).unwrap(),
        before[OURS[1]]
    );
    assert_eq!(after, before, "the others stay");
    scene.assert_connects();
}

#[test]
fn faults_never_cost_the_ca() {
    let Some(scene) = Scene::make() else { return };
    let proxy = FaultProxy::before(&scene.cluster);
    assert_eq!(scene.reconcile(proxy.kubeconfig()).code, 0);
    scene.delete(&OURS[1..]);
    let ca = scene.stored()[OURS[0]].clone();
    proxy.heal();
    assert_eq!(scene.reconcile(proxy.kubeconfig()).code, 0);
    let requests = proxy.asked().len();
    for (fault, number) in fault_points(requests) {
        scene.delete(&OURS[1..]);
        proxy.inject(fault, When::At(number));
        let run = scene.reconcile(proxy.kubeconfig());
        assert_eq!(run.code, 0, "{fault:?} at {number}: {}", run.stderr);
        assert!(!proxy.asked().iter().any(Asked::touches_existing_secret));
        assert_eq!(scene.stored()[OURS[0]], ca, "{fault:?} at {number}");
        scene.assert_connects();
    }
}

#[test]
fn many_at_once_make_one_ca() {
    let Some(scene) = Scene::make() else { return };
    let many = if is_thorough() { 50 } else { 8 };
    let runs: Vec<Run> = std::thread::scope(|scope| {
        let run = || {
            let home = tempfile::tempdir().unwrap();
            tool_document::run(scene.tool(&scene.cluster, home.path()))
        };
        let started: Vec<_> = (0..many).map(|_| scope.spawn(run)).collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let ca = &runs[0].document["ca"];
    for run in &runs {
        assert_eq!((run.code, &run.document["ca"]), (0, ca), "{}", run.stderr);
    }
    scene.reconcile(&scene.cluster);
    scene.assert_connects();
}

#[test]
fn killed_after_each_of_its_writes_it_goes_on_where_it_was() {
    for write in 1..=OURS.len() {
        let Some(scene) = Scene::make() else { return };
        let proxy = FaultProxy::before(&scene.cluster);
        proxy.inject(Fault::Withhold, When::AtWrite(write));
        let program = Program::start(scene.tool(proxy.kubeconfig(), scene.home.path()));
        assert!(
            proxy.wait_withheld(Duration::from_secs(60)),
            "{:?}",
            proxy.asked()
        );
        program.kill();
        let made = scene.stored();
        assert_eq!(made.len(), write);
        let run = scene.reconcile(&scene.cluster);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let after = scene.stored();
        assert!(
            made.iter().all(|(name, stored)| after[name] == *stored),
            "what was written stays"
        );
        scene.assert_connects();
    }
}
