//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use argh::FromArgs;
use contract::parse_duration;

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
    Grpc(GrpcFlags),
}

/// the API server says that it is ready
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "api")]
pub struct ApiFlags {}

/// the namespace exists and is not being deleted
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "namespace")]
pub struct NamespaceFlags {}

/// the gateway answers gRPC: grpc.health.v1 says SERVING, or the server does not have that service
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "grpc")]
pub struct GrpcFlags {
    /// host:port to connect to (default 127.0.0.1:8080)
    #[argh(option, default = "\"127.0.0.1:8080\".to_owned()", from_str_fn(address))]
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

fn address(text: &str) -> Result<String, String> {
    let wrong = || format!("'{}' is no address: host:port is expected", text.escape_debug());
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    match port.parse::<u16>() {
        Ok(1..) if !host.is_empty() => Ok(text.to_owned()),
        _ => Err(wrong()),
    }
}
