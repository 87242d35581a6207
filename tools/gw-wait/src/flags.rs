//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use argh::FromArgs;
use contract::parse_duration;
use kube_session::Workload;

use crate::abort::{self, Abort};

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
}

/// the API server says that it is ready
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "api")]
pub struct ApiFlags {}

/// the namespace exists and is not being deleted
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "namespace")]
pub struct NamespaceFlags {}

/// the node is Ready; without a name, any node is
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "node")]
pub struct NodeFlags {
    /// the node's name
    #[argh(positional)]
    pub name: Option<String>,
    /// end the wait where this is met: NodePressure
    #[argh(option, from_str_fn(abort::parse))]
    pub abort_on: Vec<Abort>,
}

/// every replica of a workload is of its newest template, and ready
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "rollout")]
pub struct RolloutFlags {
    /// statefulset/NAME, deployment/NAME, or NAME for whichever exists (default openshell)
    #[argh(positional, default = "Workload::default()", from_str_fn(Workload::parse))]
    pub workload: Workload,
    /// end the wait where this is met (repeatable): ImagePullBackOff, CrashLoopBackOff[=RESTARTS] (default 3),
    /// NodePressure, ContainerExited
    #[argh(option, from_str_fn(abort::parse))]
    pub abort_on: Vec<Abort>,
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
    /// the tunnel must stay open, too: a gateway closes it where the sandbox refuses the NSSH1 handshake
    #[argh(switch)]
    pub handshake: bool,
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
}

fn host_and_port(text: &str) -> Result<String, String> {
    let wrong = || format!("'{}' is no address: host:port is expected", text.escape_debug());
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    match port.parse::<u16>() {
        Ok(1..) if !host.is_empty() => Ok(text.to_owned()),
        _ => Err(wrong()),
    }
}
