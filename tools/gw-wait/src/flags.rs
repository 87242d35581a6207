//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use argh::FromArgs;
use contract::parse_duration;
use jiff::Timestamp;
use kube_session::{PODS_OF_NO_SANDBOX, Workload};
use rustix::process::Pid;
use service_forward::Target;

use crate::hopeless::Look;
use crate::hopeless::abort::{self, Abort};

/// Wait until a condition of a gateway holds.
#[derive(FromArgs, Debug)]
pub struct Flags {
    #[argh(subcommand)]
    pub condition: Condition,
}

#[derive(FromArgs, Debug)]
#[argh(subcommand)]
pub enum Condition {
    Api(ApiFlags),
    Namespace(NamespaceFlags),
    Node(NodeFlags),
    Rollout(RolloutFlags),
    Secret(SecretFlags),
    Grpc(GrpcFlags),
    Tcp(TcpFlags),
    Sandbox(SandboxFlags),
    Sandboxes(SandboxesFlags),
    Exited(ExitedFlags),
}

/// the gateway's container, on Docker, does not run, or does not stay up
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "exited")]
pub struct ExitedFlags {
    /// wait only as long as the process with this id is there
    #[argh(option, from_str_fn(process))]
    pub pid: Option<Pid>,
}

/// the API server says that it is ready
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "api")]
pub struct ApiFlags {
    /// end the wait where this is met: GatewayExited (the gateway's container, on Docker, does not run)
    #[argh(option, from_str_fn(abort::of_gateway))]
    pub abort_on: Vec<Abort>,
}

/// the namespace exists and is not being deleted
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "namespace")]
pub struct NamespaceFlags {
    /// end the wait where this is met: GatewayExited (the gateway's container, on Docker, does not run)
    #[argh(option, from_str_fn(abort::of_gateway))]
    pub abort_on: Vec<Abort>,
}

/// the node is Ready; without a name, any node is
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "node")]
pub struct NodeFlags {
    /// the node's name
    #[argh(positional)]
    pub name: Option<String>,
    /// RFC 3339 time: the node must have shown after it that it lives. Without it, a node counts that was Ready before its
    /// container was started again, until its kubelet says otherwise
    #[argh(option, from_str_fn(time))]
    pub since: Option<Timestamp>,
    /// end the wait where this is met (repeatable): NodePressure, GatewayExited (the gateway's container does not run)
    #[argh(option, from_str_fn(abort::of_node))]
    pub abort_on: Vec<Abort>,
}

/// every replica of a workload is of its newest template, and ready
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "rollout")]
pub struct RolloutFlags {
    /// statefulset/NAME, deployment/NAME, or NAME for whichever exists (default openshell)
    #[argh(positional, default = "Workload::default()", from_str_fn(Workload::parse))]
    pub workload: Workload,
    /// end the wait where this is met (repeatable): ImagePullBackOff[=DURATION] (for so long), CrashLoopBackOff[=RESTARTS] (in a
    /// row, default 3), NodePressure, ContainerExited (a pod's), GatewayExited (the gateway's container does not run)
    #[argh(option, from_str_fn(abort::of_pods))]
    pub abort_on: Vec<Abort>,
    /// with --abort-on: of crashes, exits and pressure, only those after this RFC 3339 time count
    #[argh(option, from_str_fn(time))]
    pub since: Option<Timestamp>,
}

/// the Secret exists
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "secret")]
pub struct SecretFlags {
    /// the Secret's name
    #[argh(positional)]
    pub name: String,
    /// a key that must have a value (repeatable)
    #[argh(option)]
    pub key: Vec<String>,
    /// end the wait where this is met: GatewayExited (the gateway's container, on Docker, does not run)
    #[argh(option, from_str_fn(abort::of_gateway))]
    pub abort_on: Vec<Abort>,
}

/// the gateway answers gRPC: grpc.health.v1 says SERVING, or the server does not have that service
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "grpc")]
pub struct GrpcFlags {
    /// host:port to connect to (default 127.0.0.1:8080)
    #[argh(option, default = "\"127.0.0.1:8080\".to_owned()", from_str_fn(host_and_port))]
    pub address: String,
    /// host:port to connect to instead, where this machine has no address for the host of --address
    #[argh(option, from_str_fn(host_and_port))]
    pub published: Option<String>,
    /// connect through the Kubernetes API to this Service, NAME or NAME:PORT with a port's name or number (default: its first port);
    /// --address then only says which host the server's certificate must carry
    #[argh(option, from_str_fn(Target::parse))]
    pub through: Option<Target>,
    /// file with the CA of the server's certificate (else the gateway's client bundle)
    #[argh(option)]
    pub tls_ca_cert: Option<PathBuf>,
    /// file with the client's certificate (else the gateway's client bundle)
    #[argh(option)]
    pub tls_client_cert: Option<PathBuf>,
    /// file with the client's key (else the gateway's client bundle)
    #[argh(option)]
    pub tls_client_key: Option<PathBuf>,
    /// name that the server's certificate must carry (default: the host of --address)
    #[argh(option)]
    pub tls_server_name: Option<String>,
    /// take any certificate of the server: anybody may then answer in its place
    #[argh(switch)]
    pub tls_no_verify: bool,
    /// HTTP/2 without TLS
    #[argh(switch)]
    pub plaintext: bool,
    /// service to ask grpc.health.v1 for (default: the server as a whole)
    #[argh(option, default = "String::new()")]
    pub service: String,
    /// how long one connection may take (default 3s)
    #[argh(option, from_str_fn(parse_duration), default = "Duration::from_secs(3)")]
    pub connect_timeout: Duration,
    /// how long one call may take (default 3s)
    #[argh(option, from_str_fn(parse_duration), default = "Duration::from_secs(3)")]
    pub rpc_timeout: Duration,
    /// longest pause between attempts once a peer answers and is not ready (default 4s)
    #[argh(option, from_str_fn(parse_duration), default = "Duration::from_secs(4)")]
    pub backoff_max: Duration,
    /// end the wait where this is met (repeatable): ImagePullBackOff[=DURATION] (for so long), CrashLoopBackOff[=RESTARTS] (in a
    /// row, default 3), NodePressure, ContainerExited (a pod's), GatewayExited (the gateway's container does not run)
    #[argh(option, from_str_fn(abort::of_pods))]
    pub abort_on: Vec<Abort>,
    /// with --abort-on: of crashes, exits and pressure, only those after this RFC 3339 time count
    #[argh(option, from_str_fn(time))]
    pub since: Option<Timestamp>,
}

/// a TCP connection is taken, and not closed at once
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "tcp")]
pub struct TcpFlags {
    /// host:port to connect to (default 127.0.0.1:8080)
    #[argh(option, default = "\"127.0.0.1:8080\".to_owned()", from_str_fn(host_and_port))]
    pub address: String,
    /// how long one connection may take (default 3s)
    #[argh(option, from_str_fn(parse_duration), default = "Duration::from_secs(3)")]
    pub connect_timeout: Duration,
    /// longest pause between attempts where the address cannot be resolved or routed to (default 4s)
    #[argh(option, from_str_fn(parse_duration), default = "Duration::from_secs(4)")]
    pub backoff_max: Duration,
    /// end the wait where this is met: GatewayExited (the gateway's container, on Docker, does not run)
    #[argh(option, from_str_fn(abort::of_gateway))]
    pub abort_on: Vec<Abort>,
}

/// the gateway opens a tunnel to a sandbox
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "sandbox")]
pub struct SandboxFlags {
    /// the sandbox's id
    #[argh(option)]
    pub id: String,
    /// file with the sandbox's token, - for standard input
    #[argh(option)]
    pub token_file: PathBuf,
    /// the gateway's NSSH1 handshake with the sandbox must succeed, too: the tunnel carries what the sandbox says, or stays open
    /// for 2s, where a gateway closes it after a refusal. Of a sandbox that says nothing the gateway's word is all there is
    #[argh(switch)]
    pub handshake: bool,
    /// the sandbox itself must answer, too: SSH's identification string (SSH-2.0-...) must come through the tunnel
    #[argh(switch)]
    pub ssh: bool,
    /// host:port of the gateway (default 127.0.0.1:8080)
    #[argh(option, default = "\"127.0.0.1:8080\".to_owned()", from_str_fn(host_and_port))]
    pub address: String,
    /// file with the CA of the server's certificate (else the gateway's client bundle)
    #[argh(option)]
    pub tls_ca_cert: Option<PathBuf>,
    /// file with the client's certificate (else the gateway's client bundle)
    #[argh(option)]
    pub tls_client_cert: Option<PathBuf>,
    /// file with the client's key (else the gateway's client bundle)
    #[argh(option)]
    pub tls_client_key: Option<PathBuf>,
    /// name that the server's certificate must carry (default: the host of --address)
    #[argh(option)]
    pub tls_server_name: Option<String>,
    /// take any certificate of the server: anybody may then answer in its place
    #[argh(switch)]
    pub tls_no_verify: bool,
    /// HTTP without TLS
    #[argh(switch)]
    pub plaintext: bool,
    /// how long a sandbox that is not ready is waited for (default 60s)
    #[argh(option, from_str_fn(parse_duration), default = "Duration::from_secs(60)")]
    pub patience: Duration,
    /// how long one attempt may take (default 20s: the gateway tries the sandbox for 10 s)
    #[argh(option, from_str_fn(parse_duration), default = "Duration::from_secs(20)")]
    pub connect_timeout: Duration,
    /// end the wait where this is met (repeatable): ImagePullBackOff[=DURATION] (for so long), CrashLoopBackOff[=RESTARTS] (in a
    /// row, default 3), NodePressure, ContainerExited (a pod's), GatewayExited (the gateway's container does not run)
    #[argh(option, from_str_fn(abort::of_pods))]
    pub abort_on: Vec<Abort>,
    /// with --abort-on: of crashes, exits and pressure, only those after this RFC 3339 time count
    #[argh(option, from_str_fn(time))]
    pub since: Option<Timestamp>,
}

/// every sandbox of the gateway that is not suspended is ready
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "sandboxes")]
pub struct SandboxesFlags {
    /// look once and print what there is; a sandbox that is not ready is no failure
    #[argh(switch)]
    pub no_wait: bool,
    /// the gateway server's workload: statefulset/NAME, deployment/NAME, or NAME for whichever exists (default openshell)
    #[argh(option, default = "Workload::default()", from_str_fn(Workload::parse))]
    pub workload: Workload,
    /// RFC 3339 time at which the node was started: a pod whose containers were started before it does not count as running
    #[argh(option, from_str_fn(time))]
    pub since: Option<Timestamp>,
    /// end the wait where this is met: GatewayExited (the gateway's container, on Docker, does not run)
    #[argh(option, from_str_fn(abort::of_gateway))]
    pub abort_on: Vec<Abort>,
}

impl Condition {
    /// What `--abort-on` means beside it.
    pub fn look(&self) -> Look<'_> {
        let (abort_on, since, pods) = match self {
            Self::Exited(_) => (&[][..], None, None),
            Self::Api(flags) => (&flags.abort_on[..], None, None),
            Self::Namespace(flags) => (&flags.abort_on[..], None, None),
            Self::Node(flags) => (&flags.abort_on[..], flags.since, None),
            Self::Rollout(flags) => (&flags.abort_on[..], flags.since, None),
            Self::Secret(flags) => (&flags.abort_on[..], None, None),
            Self::Grpc(flags) => (
                &flags.abort_on[..],
                flags.since,
                Some(PODS_OF_NO_SANDBOX.to_owned()),
            ),
            Self::Tcp(flags) => (&flags.abort_on[..], None, None),
            Self::Sandbox(flags) => {
                let own = format!("{}={}", gateway_names::SANDBOX_ID_LABEL, flags.id);
                (&flags.abort_on[..], flags.since, Some(own))
            }
            Self::Sandboxes(flags) => (&flags.abort_on[..], None, None),
        };
        Look {
            abort_on,
            since,
            pods,
        }
    }
}

fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| {
        let shown = text.escape_debug();
        format!("'{shown}' is no RFC 3339 time, such as 2026-01-31T12:00:00Z")
    })
}

fn process(text: &str) -> Result<Pid, String> {
    let id = text.parse().ok().filter(|id| *id > 0);
    id.and_then(Pid::from_raw)
        .ok_or_else(|| format!("'{}' is no id of a process", text.escape_debug()))
}

fn host_and_port(text: &str) -> Result<String, String> {
    let wrong = || format!("'{}' is no address: host:port is expected", text.escape_debug());
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    match port.parse::<u16>() {
        Ok(1..) if !host.is_empty() => Ok(text.to_owned()),
        _ => Err(wrong()),
    }
}
