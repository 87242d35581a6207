//! A gateway's folder and a chart of the test's own, in a namespace of the shared cluster.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cluster_fixture::{Namespace, client, kubeconfig, run_apart};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{ApiResource, DynamicObject, ListParams};
use tempfile::TempDir;
use tool_document::{Run, check};

/// A workload without pods, its Service, and a setting.
const TEMPLATE: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: setting}
data: {setting: {{ .Values.setting | quote }}}
---
apiVersion: v1
kind: Service
metadata: {name: gw}
spec: {selector: {app: {{ .Values.app }}}, ports: [{port: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: gw}
spec:
  replicas: 0
  selector: {matchLabels: {app: {{ .Values.app }}}}
  template:
    metadata: {labels: {app: {{ .Values.app }}}}
    spec: {containers: [{name: server, image: none}]}
"#;

pub struct Scene {
    pub cluster: PathBuf,
    pub namespace: Namespace,
    helm: PathBuf,
    home: TempDir,
}

impl Scene {
    /// `None` where there is no cluster; the test says that it is skipped.
    pub fn new() -> Option<Self> {
        let cluster = kubeconfig()?;
        let kubectl =
            std::env::var_os("OPENSHELL_TEST_KUBECTL").expect("scripts/test names the image's kubectl");
        let home = tempfile::tempdir().expect("room");
        let chart = home.path().join("chart");
        fs::create_dir_all(chart.join("templates")).expect("room");
        fs::write(
            chart.join("Chart.yaml"),
            "apiVersion: v2\nname: gw\nversion: 0.1.0\n",
        )
        .expect("room");
        fs::write(chart.join("values.yaml"), "setting: first\napp: gw\n").expect("room");
        fs::write(chart.join("templates/all.yaml"), TEMPLATE).expect("room");
        Some(Self {
            namespace: Namespace::make(&cluster),
            cluster,
            helm: Path::new(&kubectl).with_file_name("helm"),
            home,
        })
    }

    pub fn chart(&self) -> String {
        self.home.path().join("chart").display().to_string()
    }

    /// A file of the gateway's folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(".config/openshell/gateways/g").join(name)
    }

    pub fn tool(&self, kubeconfig: &Path, words: &[&str]) -> Command {
        let (verb, words) = words.split_first().expect("a verb");
        let mut command = Command::new(env!("CARGO_BIN_EXE_gw-release"));
        command
            .args([
                verb,
                "--gateway",
                "g",
                "--timeout",
                "60s",
                "--namespace",
                self.namespace.name(),
            ])
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .args(words)
            .env("HOME", self.home.path())
            .env_remove("XDG_CONFIG_HOME");
        if !["prepare", "publish", "recall", "restart"].contains(verb) {
            command.arg("--helm").arg(&self.helm);
        }
        command
    }

    pub fn run_by(&self, kubeconfig: &Path, words: &[&str]) -> Run {
        let run = tool_document::run(self.tool(kubeconfig, words));
        check(&run, include_str!("../../schema.json"));
        run
    }

    pub fn run(&self, words: &[&str]) -> Run {
        self.run_by(&self.cluster, words)
    }

    /// A run that must succeed; the verbs of its actions.
    pub fn does(&self, words: &[&str]) -> Vec<String> {
        let run = self.run(words);
        assert_eq!(run.code, 0, "{words:?}: {}", run.stderr);
        verbs(&run)
    }

    /// apply with the setting of this value.
    pub fn applies(&self, setting: &str, more: &[&str]) -> Run {
        let words = self.home.path().join("set");
        fs::write(&words, format!("setting={setting}\0")).expect("room");
        let file = words.display().to_string();
        self.run(&[&["apply", "--set-from", &file], more].concat())
    }

    /// helm as somebody else runs it.
    pub fn helm(&self, words: &[&str]) {
        let mut command = Command::new(&self.helm);
        command
            .args(words)
            .args(["--namespace", self.namespace.name(), "--kubeconfig"])
            .arg(&self.cluster)
            .env("HOME", self.home.path());
        let output = command.output().expect("helm runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// The value of the setting in the cluster.
    pub fn setting(&self) -> Option<String> {
        let found = self.get::<k8s_openapi::api::core::v1::ConfigMap>("setting")?;
        Some(found.data["data"]["setting"].as_str()?.to_owned())
    }

    /// The UID of the workload.
    pub fn workload(&self) -> Option<String> {
        self.get::<k8s_openapi::api::apps::v1::Deployment>("gw")?
            .metadata
            .uid
    }

    fn get<K: kube::Resource<DynamicType = ()>>(&self, name: &str) -> Option<DynamicObject> {
        run_apart(async || {
            let client = client(&self.cluster).await;
            let kind = ApiResource::erase::<K>(&());
            let api: Api<DynamicObject> = Api::namespaced_with(client, self.namespace.name(), &kind);
            api.get_opt(name).await.expect("the API server answers")
        })
    }

    pub async fn secrets(&self) -> Api<Secret> {
        Api::namespaced(client(&self.cluster).await, self.namespace.name())
    }

    /// helm's revisions: number and status, the last one last.
    pub fn revisions(&self) -> Vec<(u64, String)> {
        let selection = ListParams::default().labels("owner=helm,name=openshell");
        let found = run_apart(async || {
            self.secrets()
                .await
                .list(&selection)
                .await
                .expect("the API server answers")
        });
        let label =
            |secret: &Secret, key: &str| secret.metadata.labels.as_ref().expect("labels")[key].clone();
        let of = |secret: &Secret| {
            (
                label(secret, "version").parse().expect("a number"),
                label(secret, "status"),
            )
        };
        let mut all: Vec<(u64, String)> = found.items.iter().map(of).collect();
        all.sort();
        all
    }
}

pub fn verbs(run: &Run) -> Vec<String> {
    let actions = run.document["actions"].as_array().expect("actions");
    actions
        .iter()
        .map(|action| action["verb"].as_str().expect("a verb").to_owned())
        .collect()
}
