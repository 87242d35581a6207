//! What happens to a gateway.

use std::io::Write;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::deployed::{Chart, Deployed};
use crate::driver::{Ended, own_image};
use crate::gateway::random_name;
use crate::todays_chart::TodaysChart;
use crate::until::until;

/// A fault, with what its user does about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `openshell stop`, then `openshell start`.
    StopStart,
    /// `openshell restart`.
    Restart,
    /// `docker stop`, then `openshell start`.
    DockerStop,
    /// `docker kill`, then `docker start`.
    DockerKill,
    /// `docker restart`.
    DockerRestart,
    /// SIGKILL for the container's first process; Docker starts it again.
    InitKilled,
    /// `docker rm --force`, then `openshell start`.
    ContainerRemoved,
    /// `openshell start --image`, with another chart in it.
    ImageReplaced,
    /// Server's and client's certificates are made again; then `docker restart`, so that all pods meet them.
    LeafRotated,
    /// The CA is, too.
    CaRotated,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::StopStart,
        Self::Restart,
        Self::DockerStop,
        Self::DockerRestart,
        Self::DockerKill,
        Self::InitKilled,
        Self::ContainerRemoved,
        Self::LeafRotated,
        Self::CaRotated,
        Self::ImageReplaced,
    ];

    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::StopStart => "stop + start",
            Self::Restart => "restart",
            Self::DockerStop => "docker stop",
            Self::DockerKill => "docker kill",
            Self::DockerRestart => "docker restart",
            Self::InitKilled => "kill -9 of init",
            Self::ContainerRemoved => "container removed",
            Self::ImageReplaced => "image replaced",
            Self::LeafRotated => "leaf rotated",
            Self::CaRotated => "CA rotated",
        }
    }

    /// Whether processes end without being asked.
    pub fn is_kill(self) -> bool {
        matches!(self, Self::DockerKill | Self::InitKilled | Self::ContainerRemoved)
    }

    /// Can it be with this chart? Today's hook makes all certificates at once, and keeps no CA's key.
    pub fn happens_to(self, chart: Chart) -> bool {
        self != Self::LeafRotated || chart != Chart::Today
    }

    /// What comes before: its time is not the fault's.
    ///
    /// # Panics
    /// Where that fails.
    pub fn prepare(self, deployed: &mut Deployed) -> Option<String> {
        match self {
            Self::ImageReplaced => return Some(another_image(deployed)),
            Self::LeafRotated => rotate(deployed, "leaf"),
            Self::CaRotated => rotate(deployed, "ca"),
            _ => {}
        }
        None
    }

    /// Lets it happen, and does what its user does. `image` is what [`Self::prepare`] made.
    ///
    /// # Panics
    /// Where a command fails.
    pub fn strike(self, deployed: &Deployed, image: Option<&str>) {
        let gateway = &deployed.gateway;
        let resource = gateway.resource();
        match self {
            Self::StopStart => {
                gateway.run("stop", &[]).well();
                gateway.start(&[]).well();
            }
            Self::Restart => {
                gateway.run("restart", &[]).well();
            }
            Self::DockerStop => {
                gateway.docker(&["stop", &resource]);
                gateway.start(&[]).well();
            }
            Self::DockerKill => {
                gateway.docker(&["kill", &resource]);
                gateway.docker(&["start", &resource]);
            }
            Self::DockerRestart | Self::LeafRotated | Self::CaRotated => {
                gateway.docker(&["restart", &resource]);
            }
            Self::InitKilled => {
                let id = || gateway.docker(&["inspect", "--format", "{{.State.Pid}}", &resource]);
                let mut init = None;
                until("the container runs", || {
                    init = id().parse().ok().and_then(Pid::from_raw);
                    init.is_some()
                });
                kill_process(init.expect("a process"), Signal::KILL).expect("it runs");
            }
            Self::ContainerRemoved => {
                gateway.docker(&["rm", "--force", &resource]);
                gateway.start(&[]).well();
            }
            Self::ImageReplaced => {
                gateway.start(&["--image", image.expect("an image")]).well();
            }
        }
    }
}

/// The same image with another hash of its chart: the node deploys it anew.
fn another_image(deployed: &Deployed) -> String {
    let name = format!("openshell/cluster:{}", random_name());
    let mut build = Command::new("docker");
    build
        .args(["build", "--quiet", "--tag", &name, "-"])
        .envs(deployed.gateway.variables.clone())
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    let mut build = build.spawn().expect("docker");
    let text = format!(
        "FROM {}\nRUN echo {name} >>/opt/openshell/chart/hash\n",
        own_image()
    );
    let mut stdin = build.stdin.take().expect("a pipe");
    stdin.write_all(text.as_bytes()).expect("docker reads");
    drop(stdin);
    assert!(build.wait().expect("docker").success());
    name
}

fn rotate(deployed: &mut Deployed, what: &str) {
    if deployed.chart == Chart::Today {
        let charts = TodaysChart::of(&deployed.gateway);
        let secrets = [
            "openshell-server-tls",
            "openshell-client-tls",
            "openshell-jwt-keys",
        ];
        let delete = ["-n", TodaysChart::NAMESPACE, "delete", "secret"];
        deployed.gateway.kubectl(&[&delete[..], &secrets].concat());
        charts.upgrade(&["--reuse-values"]).well();
        deployed.renew_client();
        return;
    }
    let gateway = &deployed.gateway;
    let kubeconfig = gateway.folder().join("kubeconfig");
    let mut rotate = gateway.tool(
        "gw-pki",
        &["reconcile", "--gateway", &gateway.name, "--rotate", what],
    );
    // The kubelet brings new Secrets to pods within two minutes, and a change of the CA waits for that twice.
    rotate
        .args(["--restart", "--timeout", "6m", "--kubeconfig"])
        .arg(kubeconfig);
    Ended::of(rotate).well();
}
