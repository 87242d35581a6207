//! A gateway whose node is a small script: for faults that are Docker's, and are told without a cluster.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::driver::{Ended, own_image};
use crate::gateway::{TestGateway, docker};

/// Stands in the place of the node's program, in the real image. What it is told to do, it is told by files.
const SCRIPT: &str = r#"#!/bin/sh
[ "$1" = server ] || exit 0
trap 'exit 0' TERM
mkdir -p /etc/rancher/k3s
cat >/etc/rancher/k3s/k3s.yaml <<END
apiVersion: v1
kind: Config
clusters: [{name: default, cluster: {server: "https://127.0.0.1:6443"}}]
contexts: [{name: default, context: {cluster: default, user: default}}]
current-context: default
users: [{name: default, user: {token: of-a-test}}]
END
while [ ! -e /end ]; do
    if [ -e /eat ]; then
        rm /eat
        tail /dev/zero
    fi
    sleep 0.1 &
    wait $!
done
exit 137
"#;

/// The gateway; dropping it removes it.
#[derive(Debug)]
pub struct PlayedGateway {
    /// Name, port and client files.
    pub gateway: TestGateway,
    script: tempfile::TempPath,
}

impl PlayedGateway {
    /// One whose container runs.
    ///
    /// # Panics
    /// Where it does not.
    pub fn started() -> Self {
        let played = Self::unmade();
        played.ensure(&["--image", &own_image()]).well();
        played
    }

    /// Nothing of it is made yet.
    ///
    /// # Panics
    /// Where the script cannot be written.
    pub fn unmade() -> Self {
        let gateway = TestGateway::unmade();
        let script = tempfile::NamedTempFile::with_prefix("openshell-played-")
            .expect("a file")
            .into_temp_path();
        fs::write(&script, SCRIPT).expect("room");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("a file of one's own");
        Self { gateway, script }
    }

    /// `gw-container ensure`.
    pub fn ensure(&self, flags: &[&str]) -> Ended {
        Ended::of(self.ensuring(flags))
    }

    /// `gw-container ensure`, not yet started.
    pub fn ensuring(&self, flags: &[&str]) -> Command {
        let mount = format!("{}:/usr/local/bin/cluster-node:ro", self.script.display());
        let mut command = self
            .gateway
            .tool("gw-container", &["ensure", "--gateway", &self.gateway.name]);
        command
            .args(["--port", &self.gateway.port.to_string(), "--mount", &mount])
            .args(flags);
        command
    }

    /// Stops the container.
    pub fn stop(&self) {
        docker(&["stop", &self.gateway.resource()]);
    }
}
