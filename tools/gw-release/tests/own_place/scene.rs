//! A home, a cluster, and runs of the tool.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use cluster_fixture::FakeApi;
use k8s_openapi::ByteString;
use serde_json::{Value, json};
use tempfile::TempDir;
use tool_document::{Run, check};

pub const NAMESPACE: &str = "/api/v1/namespaces/team";
const DEFINITION: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/sandboxes.agents.x-k8s.io";
pub const RELEASE: &str = "/api/v1/namespaces/team/secrets/sh.helm.release.v1.openshell.v1";
/// helm, as far as it is used: it uninstalls the release by deleting its record. What it was asked is in `asked`.
const HELM: &str = r#"#!/bin/bash
case $1 in
version) printf v3.20.2 ;;
uninstall)
    echo "$@" >>"$0.asked"
    exec 3<>"/dev/tcp/${API#http://}"
    printf 'DELETE %s HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n' "$RECORD" >&3
    read -r _ code _ <&3
    [[ $code == 200 || $code == 404 ]]
    ;;
*) exit 1 ;;
esac
"#;

pub struct Scene {
    pub api: FakeApi,
    home: TempDir,
}

impl Scene {
    /// A cluster without the namespace.
    pub fn empty() -> Self {
        let home = tempfile::tempdir().expect("room");
        let helm = home.path().join("helm");
        fs::write(&helm, HELM).expect("room");
        fs::set_permissions(&helm, fs::Permissions::from_mode(0o700)).expect("a file of ours");
        Self {
            api: FakeApi::start(),
            home,
        }
    }

    /// A cluster with the namespace, which was made for this gateway, or by somebody else.
    pub fn with_namespace(owner: Option<&str>) -> Self {
        let scene = Self::empty();
        let labels = owner.map_or(json!({}), |owner| json!({ "dev.openshell.gateway": owner }));
        scene.api.put(
            NAMESPACE,
            json!({ "metadata": { "name": "team", "uid": "uid-of-team", "labels": labels } }),
        );
        scene
    }

    /// A file of the gateway's folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.clients().join("gateways/g").join(name)
    }

    /// The folder of all client files.
    pub fn clients(&self) -> PathBuf {
        self.home.path().join(".config/openshell")
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.file("")).expect("room");
        fs::write(self.file(name), text).expect("room");
    }

    pub fn read(&self, name: &str) -> Value {
        let text = fs::read(self.file(name)).expect("a file");
        serde_json::from_slice(&text).expect("JSON")
    }

    /// What is kept of the cluster, through this kubeconfig.
    pub fn keep(&self, kubeconfig: &Path, uid: Option<&str>) {
        let kept = json!({
            "kubeconfig": kubeconfig, "context": "test", "namespace_uid": uid, "namespace": "team", "endpoint": null,
            "forward_port": 8080, "spec": { "plaintext": false, "disable_gateway_auth": false },
        });
        self.write("cluster.json", &kept.to_string());
    }

    pub fn tool(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gw-release"));
        let server = fs::read_to_string(self.api.kubeconfig()).expect("a kubeconfig");
        let server: Value = serde_json::from_str(&server).expect("JSON");
        command
            .args(words)
            .args(["--gateway", "g"])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env(
                "API",
                server["clusters"][0]["cluster"]["server"]
                    .as_str()
                    .expect("a URL")
                    .replace(':', "/")
                    .replace("http///", "http://"),
            )
            .env("RECORD", RELEASE)
            .env("HOME", self.home.path());
        if words.contains(&"--with-data") {
            command.arg("--helm").arg(self.home.path().join("helm"));
        }
        command
    }

    pub fn run(&self, words: &[&str]) -> Run {
        checked(tool_document::run(self.tool(words)))
    }

    /// prepare in namespace `team` through this kubeconfig.
    pub fn prepare_by(&self, kubeconfig: &Path, more: &[&str]) -> Run {
        let kubeconfig = kubeconfig.to_str().expect("plain text");
        let there = ["prepare", "--kubeconfig", kubeconfig, "--namespace", "team"];
        self.run(&[&there[..], more].concat())
    }

    pub fn prepare(&self, more: &[&str]) -> Run {
        self.prepare_by(self.api.kubeconfig(), more)
    }

    pub fn remove(&self, more: &[&str]) -> Run {
        self.run(&[&["remove", "--with-data"], more].concat())
    }

    /// What helm was asked.
    pub fn helm_was_asked(&self) -> String {
        fs::read_to_string(self.home.path().join("helm.asked")).unwrap_or_default()
    }

    pub fn put(&self, path: &str, metadata: Value) {
        self.api
            .put(&format!("{NAMESPACE}/{path}"), json!({ "metadata": metadata }));
    }

    /// All that a gateway has in its namespace, and something of somebody else beside each.
    pub fn put_all(&self) {
        self.put_sandboxes();
        for name in [
            "openshell-server-tls",
            "openshell-server-client-ca",
            "openshell-client-tls",
            "openshell-ca",
            "openshell-ssh-handshake",
            "of-somebody",
        ] {
            self.put(&format!("secrets/{name}"), json!({ "name": name }));
        }
        for (name, instance) in [
            ("openshell-data-openshell-0", "openshell"),
            ("data-of-somebody", "other"),
        ] {
            self.put(
                &format!("persistentvolumeclaims/{name}"),
                json!({ "name": name, "labels": { "app.kubernetes.io/instance": instance } }),
            );
        }
        self.put_release("openshell 0123456789abcdef");
        self.write(
            "metadata.json",
            r#"{"name":"g","gateway_endpoint":"https://127.0.0.1:8080"}"#,
        );
        fs::write(self.clients().join("active_gateway"), "g").expect("room");
    }

    fn put_sandboxes(&self) {
        self.api.put(
            DEFINITION,
            json!({
                "metadata": { "name": "sandboxes.agents.x-k8s.io" },
                "spec": {
                    "group": "agents.x-k8s.io", "scope": "Namespaced",
                    "names": { "kind": "Sandbox", "plural": "sandboxes" },
                    "versions": [{ "name": "v1beta1", "served": true, "storage": true }],
                },
            }),
        );
        for (name, manager) in [("one", "openshell"), ("two", "openshell"), ("other", "somebody")] {
            self.api.put(
                &sandbox(name),
                json!({
                    "apiVersion": "agents.x-k8s.io/v1beta1", "kind": "Sandbox",
                    "metadata": { "name": name, "labels": { "openshell.ai/managed-by": manager } },
                }),
            );
        }
    }

    /// helm's record of a release that was deployed with this description.
    pub fn put_release(&self, description: &str) {
        let record = json!({ "manifest": "", "info": { "description": description } }).to_string();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(record.as_bytes()).expect("memory");
        let packed = serde_json::to_value(ByteString(gzip.finish().expect("memory"))).expect("text");
        let packed = packed.as_str().expect("text").as_bytes().to_vec();
        let labels = json!({ "owner": "helm", "name": "openshell", "status": "deployed", "version": "1", "modifiedAt": "1" });
        let name = "sh.helm.release.v1.openshell.v1";
        self.api.put(
            RELEASE,
            json!({
                "metadata": { "name": name, "labels": labels }, "type": "helm.sh/release.v1",
                "data": { "release": ByteString(packed) },
            }),
        );
    }

    /// What is left in the namespace, and the namespace, by their paths.
    pub fn left(&self) -> Vec<String> {
        let inside: Value = serde_json::from_str(&self.api.dump("/")).expect("JSON");
        let paths = inside.as_object().expect("objects").keys();
        paths.filter(|path| *path != DEFINITION).cloned().collect()
    }
}

pub fn sandbox(name: &str) -> String {
    format!("/apis/agents.x-k8s.io/v1beta1/namespaces/team/sandboxes/{name}")
}

/// What of [`Scene::put_all`] is somebody else's.
pub fn of_others() -> Vec<String> {
    vec![
        format!("{NAMESPACE}/persistentvolumeclaims/data-of-somebody"),
        format!("{NAMESPACE}/secrets/of-somebody"),
        sandbox("other"),
    ]
}

pub fn checked(run: Run) -> Run {
    check(&run, include_str!("../../schema.json"));
    run
}

/// Verbs and objects of the actions.
pub fn actions(run: &Run) -> Vec<String> {
    let actions = run.document["actions"].as_array().expect("actions");
    let shown = |action: &Value| {
        let field = |name: &str| action[name].as_str().expect("text").to_owned();
        format!("{} {}", field("verb"), field("object"))
    };
    actions.iter().map(shown).collect()
}
