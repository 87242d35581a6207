//! A gateway with a chart, and its sandboxes as their user and as Kubernetes see them.

use std::collections::HashMap;
use std::time::Duration;

use reference_base::api::SandboxPhase;
use reference_base::client::{ClientTls, GatewayClient};
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tonic::Code;

use super::forward::Forward;
use crate::driver::repository;
use crate::gateway::TestGateway;
use crate::people::{Person, Sandbox};
use crate::todays_chart::TodaysChart;
use crate::until::until;

/// How long one question may take.
const ATTEMPT: Duration = Duration::from_secs(5);
/// The node port of the server of today's chart: the gateway's own has the usual one.
const TODAYS_PORT: u16 = 30052;

/// What is deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chart {
    /// The cluster image's own.
    BuiltIn,
    /// The one in the shape of today's.
    Today,
    /// The built-in one as the server of v0.0.22.
    First,
}

impl Chart {
    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::Today => "today",
            Self::First => "v0.0.22",
        }
    }
}

/// Why a sandbox does not answer.
#[derive(Clone, Debug)]
pub enum Silence {
    /// It may come.
    NotYet(String),
    /// It will not.
    Lost(String),
}

/// A gateway that serves with a chart.
pub struct Deployed {
    /// The gateway.
    pub gateway: TestGateway,
    /// The chart.
    pub chart: Chart,
    runtime: Runtime,
    forward: Option<Forward>,
    /// Of today's chart, whose client files no tool writes.
    tls: Option<ClientTls>,
    /// Of v0.0.22, where commands are not run in sandboxes.
    tunnels: HashMap<String, Sandbox>,
}

impl Deployed {
    /// Starts the gateway, which need not exist, and deploys the chart.
    ///
    /// # Panics
    /// Where that fails.
    pub fn on(gateway: TestGateway, chart: Chart) -> Self {
        let port = gateway.port.to_string();
        let values = repository()
            .join("tests/charts/v0.0.22/values.yaml")
            .display()
            .to_string();
        let first = ["--port", &port, "--values", &values];
        let flags = if chart == Chart::First {
            &first[..]
        } else {
            &first[..2]
        };
        gateway.start(flags).well();
        let forward = (chart == Chart::Today).then(|| {
            let charts = TodaysChart::of(&gateway);
            charts.install_needs();
            let node_port = format!("service.nodePort={TODAYS_PORT}");
            charts
                .upgrade(&["--wait", "--set", "service.type=NodePort", "--set", &node_port])
                .well();
            Forward::to(gateway.resource(), TODAYS_PORT, gateway.variables.clone())
        });
        let mut made = Self {
            gateway,
            chart,
            runtime: Runtime::new().expect("a runtime"),
            forward,
            tls: None,
            tunnels: HashMap::new(),
        };
        made.renew_client();
        made
    }

    /// Takes the client's files as they are now.
    pub fn renew_client(&mut self) {
        self.tls = (self.chart == Chart::Today).then(|| TodaysChart(&self.gateway).client_tls());
    }

    /// A client of the server.
    ///
    /// # Panics
    /// Where there are no files of a client.
    pub fn client(&self) -> GatewayClient {
        match &self.forward {
            Some(forward) => {
                GatewayClient::new(&format!("https://127.0.0.1:{}", forward.port), self.tls.clone())
            }
            None => return Person::of(&self.gateway).client(),
        }
        .expect("an endpoint")
    }

    /// Makes a sandbox, and puts a line into its volume.
    ///
    /// # Panics
    /// Where it does not become ready.
    pub fn make(&mut self, name: &str, line: &str) {
        if self.chart == Chart::First {
            let person = Person::of(&self.gateway);
            let sandbox = person.make_sandbox(name);
            person.says(&sandbox, line);
            self.tunnels.insert(name.to_owned(), sandbox);
            return;
        }
        let client = self.client();
        self.runtime
            .block_on(client.make_sandbox(name))
            .expect("a sandbox");
        until("the sandbox is ready", || {
            self.phase(name) == Ok(SandboxPhase::Ready)
        });
        let keep = ["openshell-sandbox", "keep", line];
        let kept = self.runtime.block_on(client.exec(name, &keep)).expect("an exec");
        assert_eq!(kept.0, 0, "{}", kept.2);
    }

    /// Deletes a sandbox, and waits until it is gone.
    ///
    /// # Panics
    /// Where that fails.
    pub fn delete(&self, name: &str) {
        self.runtime
            .block_on(self.client().delete_sandbox(name))
            .expect("a deletion");
        until("the sandbox is gone", || self.phase(name) == Err(Code::NotFound));
    }

    /// Suspends a sandbox, as its user does.
    ///
    /// # Panics
    /// Where that fails.
    pub fn suspend(&self, name: &str) {
        if self.chart == Chart::First {
            let patch = r#"{"spec":{"replicas":0}}"#;
            let (namespace, object) = self.object(name);
            let words = [
                "-n",
                namespace,
                "patch",
                "sandbox",
                &object,
                "--type=merge",
                "--patch",
                patch,
            ];
            self.gateway.kubectl(&words);
        } else {
            self.runtime
                .block_on(self.client().set_running(name, false))
                .expect("a stop");
        }
        until("the sandbox is suspended", || self.is_suspended(name));
    }

    /// Does a sandbox answer, with this line in its volume? Asked once.
    pub fn answers(&self, name: &str, line: &str) -> Result<(), Silence> {
        match self.phase(name) {
            Ok(SandboxPhase::Ready) => {}
            Ok(SandboxPhase::Error) => return Err(Silence::Lost("phase Error".to_owned())),
            Ok(phase) => return Err(Silence::NotYet(format!("phase {phase:?}"))),
            Err(Code::NotFound) => return Err(Silence::Lost("the server does not know it".to_owned())),
            Err(code) => return Err(Silence::NotYet(code.to_string())),
        }
        let lines = if self.chart == Chart::First {
            Person::of(&self.gateway).try_reads(&self.tunnels[name])
        } else {
            self.kept(name)
        };
        match lines {
            Ok(lines) if lines.iter().any(|kept| kept == line) => Ok(()),
            Ok(lines) => Err(Silence::Lost(format!("its volume has {lines:?}"))),
            Err(cause) => Err(Silence::NotYet(cause)),
        }
    }

    fn kept(&self, name: &str) -> Result<Vec<String>, String> {
        let client = self.client();
        let exec = self
            .runtime
            .block_on(async { timeout(ATTEMPT, client.exec(name, &["openshell-sandbox", "kept"])).await });
        match exec {
            Ok(Ok((0, stdout, _))) => Ok(stdout.lines().map(str::to_owned).collect()),
            Ok(Ok((code, _, stderr))) => Err(format!("exit code {code}: {stderr}")),
            Ok(Err(error)) => Err(format!("{error:#}")),
            Err(_) => Err("no answer".to_owned()),
        }
    }

    /// Is a sandbox suspended to its user and to Kubernetes?
    pub fn is_suspended(&self, name: &str) -> bool {
        let (namespace, object) = self.object(name);
        let wish = "jsonpath={.spec.operatingMode}{.spec.replicas}";
        let wish = self
            .gateway
            .kubectl(&["-n", namespace, "get", "sandbox", &object, "-o", wish]);
        let pod = [
            "-n",
            namespace,
            "get",
            "pod",
            &object,
            "--ignore-not-found",
            "-o",
            "name",
        ];
        (wish.contains("Suspended") || wish.contains('0'))
            && self.gateway.kubectl(&pod).is_empty()
            && self.phase(name) == Ok(SandboxPhase::Stopped)
    }

    /// The phase of a sandbox, or why there is none. Asked once.
    pub fn phase(&self, name: &str) -> Result<SandboxPhase, Code> {
        let client = self.client();
        let answer = self
            .runtime
            .block_on(async { timeout(ATTEMPT, client.phase(name)).await });
        match answer {
            Ok(Ok(phase)) => Ok(phase),
            Ok(Err(error)) => Err(error
                .downcast_ref::<tonic::Status>()
                .map_or(Code::Unavailable, tonic::Status::code)),
            Err(_) => Err(Code::DeadlineExceeded),
        }
    }

    /// Namespace and name of a sandbox's object.
    fn object(&self, name: &str) -> (&'static str, String) {
        match self.chart {
            Chart::Today => (TodaysChart::NAMESPACE, format!("default--{name}")),
            Chart::BuiltIn | Chart::First => (gateway_names::NAMESPACE, name.to_owned()),
        }
    }
}
