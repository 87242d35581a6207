//! A namespace on a small API server, a client's folder, and runs of the tool on both.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cluster_fixture::FakeApi;
use k8s_openapi::ByteString;
use serde_json::Value;
use tempfile::TempDir;
use tool_document::{Run, check};

use crate::handshake::{Side, connect};

pub const SECRETS: &str = "/api/v1/namespaces/openshell/secrets";
pub const OURS: [&str; 4] = [
    "openshell-ca",
    "openshell-server-tls",
    "openshell-server-client-ca",
    "openshell-client-tls",
];

/// A cluster and a client.
pub struct Scene {
    pub api: FakeApi,
    home: TempDir,
}

pub fn tool(kubeconfig: &Path, home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gw-pki"));
    command
        .args(["reconcile", "--timeout", "90s", "--kubeconfig"])
        .arg(kubeconfig)
        .env("XDG_CONFIG_HOME", home)
        .env_remove("OPENSHELL_GATEWAY");
    command
}

pub fn reconcile(kubeconfig: &Path, home: &Path, more: &[&str]) -> Run {
    let mut command = tool(kubeconfig, home);
    command.args(more);
    checked(tool_document::run(command))
}

pub fn checked(run: Run) -> Run {
    check(&run, include_str!("../../schema.json"));
    assert!(!run.stdout.contains("PRIVATE KEY") && !run.stderr.contains("PRIVATE KEY"));
    run
}

pub fn actions(run: &Run) -> Vec<(String, String)> {
    let word = |action: &Value, key: &str| action[key].as_str().unwrap().to_owned();
    let actions = run.document["actions"].as_array().unwrap();
    actions
        .iter()
        .map(|action| {
            let object = word(action, "object");
            let object = object.strip_prefix("secret ").unwrap_or_else(|| {
                if object.starts_with("bundle ") {
                    "bundle"
                } else {
                    &object
                }
            });
            let object = object.to_owned();
            (word(action, "verb"), object)
        })
        .collect()
}

impl Scene {
    /// A namespace without anything in it, and a client without any files.
    pub fn empty() -> Self {
        Self {
            api: FakeApi::with_namespace("openshell"),
            home: tempfile::tempdir().unwrap(),
        }
    }

    /// One that the tool has filled.
    pub fn filled() -> Self {
        let scene = Self::empty();
        let run = scene.reconcile(&[]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        scene
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn reconcile(&self, more: &[&str]) -> Run {
        reconcile(self.api.kubeconfig(), self.home(), more)
    }

    /// Another verb, with its flags.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gw-pki"));
        command
            .args(words)
            .arg("--kubeconfig")
            .arg(self.api.kubeconfig())
            .env("XDG_CONFIG_HOME", self.home())
            .env_remove("OPENSHELL_GATEWAY");
        command
    }

    pub fn run(&self, words: &[&str]) -> Run {
        checked(tool_document::run(self.command(words)))
    }

    /// A server that started long before any Secret of a test was written.
    pub fn put_server(&self, reloads: bool) {
        let annotations = if reloads {
            serde_json::json!({ "dev.openshell.gateway/reloads-tls": "true" })
        } else {
            serde_json::json!({})
        };
        self.api
            .put_server("2020-01-01T00:00:00Z", serde_json::json!([]), annotations);
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.home().join("openshell/gateways/openshell/mtls").join(name)
    }

    pub fn value(&self, secret: &str, key: &str) -> Option<Vec<u8>> {
        let object = self.api.get(&format!("{SECRETS}/{secret}"))?;
        let value: ByteString = serde_json::from_value(object["data"][key].clone()).ok()?;
        Some(value.0)
    }

    pub fn set_value(&self, secret: &str, key: &str, value: &[u8]) {
        let path = format!("{SECRETS}/{secret}");
        let mut object = self.api.get(&path).unwrap();
        object["data"][key] = serde_json::to_value(ByteString(value.to_vec())).unwrap();
        self.api.put(&path, object);
    }

    pub fn remove(&self, secret: &str) {
        assert!(self.api.remove(&format!("{SECRETS}/{secret}")));
    }

    /// Everything that the tool may write, with resource versions.
    pub fn dump(&self) -> (String, Vec<Option<Vec<u8>>>) {
        let files = ["ca.crt", "tls.crt", "tls.key"].map(|name| fs::read(self.file(name)).ok());
        (self.api.dump(SECRETS), files.into())
    }

    /// Does the client with its bundle on disk reach the server by every one of its names?
    pub fn assert_connects(&self) {
        let server = Side {
            ca: self.value(OURS[2], "ca.crt").unwrap(),
            certificate: self.value(OURS[1], "tls.crt").unwrap(),
            key: self.value(OURS[1], "tls.key").unwrap(),
        };
        let read = |name| fs::read(self.file(name)).unwrap();
        let client = Side {
            ca: read("ca.crt"),
            certificate: read("tls.crt"),
            key: read("tls.key"),
        };
        for name in gateway_names::SERVER_SANS {
            connect(&server, &client, name).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}
