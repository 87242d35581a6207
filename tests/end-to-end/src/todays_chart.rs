//! The chart in the shape of today's, in a gateway's container beside the gateway's own.

use std::process::Command;

use reference_base::client::ClientTls;

use crate::by_hand::image_values;
use crate::driver::{Ended, repository};
use crate::gateway::TestGateway;

/// A gateway's container with the charts in /tmp/charts.
#[derive(Clone, Copy)]
pub struct TodaysChart<'a>(pub &'a TestGateway);

impl<'a> TodaysChart<'a> {
    /// The namespace that it comes to.
    pub const NAMESPACE: &'static str = "today";

    /// Copies the charts into the container.
    ///
    /// # Panics
    /// Where that fails.
    pub fn of(gateway: &'a TestGateway) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut copy = Command::new("cp");
        copy.args(["--recursive", "--dereference"]);
        Ended::of({
            copy.arg(repository().join("tests/charts")).arg(folder.path());
            copy
        })
        .well();
        image_values(&folder.path().join("charts"));
        let charts = folder.path().join("charts").display().to_string();
        gateway.docker(&["cp", &charts, &format!("{}:/tmp/charts", gateway.resource())]);
        Self(gateway)
    }

    /// helm in the container.
    pub fn helm(self, words: &[&str]) -> Ended {
        let mut command = Command::new("docker");
        command.args([
            "exec",
            "--workdir",
            "/tmp/charts",
            "--env",
            "KUBECONFIG=/etc/rancher/k3s/k3s.yaml",
        ]);
        command
            .envs(self.0.variables.clone())
            .args(["--env", "HOME=/tmp", &self.0.resource(), "helm"])
            .args(words);
        Ended::of(command)
    }

    /// Installs what the chart needs. The built-in chart has brought the API, and a controller of its own namespace.
    ///
    /// # Panics
    /// Where that fails.
    pub fn install_needs(self) {
        self.0.kubectl(&["create", "namespace", Self::NAMESPACE]);
        let words = [
            "install",
            "agent-sandbox",
            "./agent-sandbox",
            "--skip-crds",
            "--wait",
            "--namespace",
            "agent-sandbox-system",
            "--create-namespace",
            "--values",
            "images.json",
        ];
        self.helm(&words).well();
    }

    /// Installs or upgrades the chart.
    pub fn upgrade(self, more: &[&str]) -> Ended {
        let usual = [
            "upgrade",
            "--install",
            "openshell",
            "./today",
            "--namespace",
            Self::NAMESPACE,
            "--values",
            "images.json",
            "--set",
            "server.auth.allowUnauthenticatedUsers=true",
        ];
        self.helm(&[&usual[..], more].concat())
    }

    /// The client's files as the chart's hook made them.
    ///
    /// # Panics
    /// Where there are none.
    pub fn client_tls(self) -> ClientTls {
        let file = |name: &str| {
            let path = format!("jsonpath={{.data.{}}}", name.replace('.', "\\."));
            let words = [
                "-n",
                Self::NAMESPACE,
                "get",
                "secret",
                "openshell-client-tls",
                "-o",
                &path,
            ];
            let encoded = self.0.kubectl(&words);
            let mut decode = Command::new("sh");
            decode.args(["-c", "printf %s \"$0\" | base64 -d", &encoded]);
            Ended::of(decode).well().stdout.into_bytes()
        };
        ClientTls {
            ca: file("ca.crt"),
            identity: Some((file("tls.crt"), file("tls.key"))),
        }
    }
}
