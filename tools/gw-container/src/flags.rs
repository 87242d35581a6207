//! The command line.

use std::net::IpAddr;
use std::time::Duration;

use argh::FromArgs;
use contract::parse_duration;
use gateway_facts::Confinement;

/// Make, start, stop and remove a gateway's container with its network and volume.
#[derive(FromArgs, Debug)]
pub struct Flags {
    #[argh(subcommand)]
    pub verb: Verb,
}

#[derive(FromArgs, Debug)]
#[argh(subcommand)]
pub enum Verb {
    Ensure(EnsureFlags),
    Stop(StopFlags),
    Remove(RemoveFlags),
    Kubeconfig(KubeconfigFlags),
}

/// make container, network and volume match what is wanted: flags over environment over what is persisted over defaults
#[derive(FromArgs, Debug, Default)]
#[argh(subcommand, name = "ensure")]
pub struct EnsureFlags {
    /// cluster image (else OPENSHELL_CLUSTER_IMAGE, else the persisted one)
    #[argh(option, from_str_fn(not_empty))]
    pub image: Option<String>,
    /// TCP port of the gateway on the host (default 8080)
    #[argh(option, from_str_fn(port))]
    pub port: Option<u16>,
    /// address of the host to publish the port on (default 127.0.0.1)
    #[argh(option)]
    pub bind: Option<IpAddr>,
    /// host name or address by which clients reach the gateway from elsewhere
    #[argh(option, from_str_fn(host))]
    pub gateway_host: Option<String>,
    /// further name or address for the certificates (may be repeated; the list replaces the persisted one)
    #[argh(option, from_str_fn(host))]
    pub tls_san: Vec<String>,
    /// no TLS on the gateway's port
    #[argh(switch)]
    pub plaintext: bool,
    /// TLS on the gateway's port, where --plaintext was persisted
    #[argh(switch)]
    pub no_plaintext: bool,
    /// the gateway does not authenticate its clients
    #[argh(switch)]
    pub disable_gateway_auth: bool,
    /// the gateway authenticates its clients, where --disable-gateway-auth was persisted
    #[argh(switch)]
    pub enable_gateway_auth: bool,
    /// auto, privileged or caps: auto is a capability list for images of this project, privileged for others
    #[argh(option, from_str_fn(confinement))]
    pub confinement: Option<Confinement>,
    /// an open descriptor that holds the gateway's lock already
    #[argh(option)]
    pub lock_fd: Option<i32>,
    /// how long to wait for another run's lock (default 0s)
    #[argh(option, from_str_fn(parse_duration), default = "Duration::ZERO")]
    pub lock_timeout: Duration,
}

/// stop the container; everything is kept
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "stop")]
pub struct StopFlags {
    /// how long the container may take to stop by itself (default 30s)
    #[argh(option, from_str_fn(parse_duration), default = "Duration::from_secs(30)")]
    pub grace: Duration,
    /// an open descriptor that holds the gateway's lock already
    #[argh(option)]
    pub lock_fd: Option<i32>,
    /// how long to wait for another run's lock (default 0s)
    #[argh(option, from_str_fn(parse_duration), default = "Duration::ZERO")]
    pub lock_timeout: Duration,
}

/// remove container and network; the volume stays unless --volume is given
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "remove")]
pub struct RemoveFlags {
    /// remove the volume with all sandboxes and the client's files of the gateway, too (needs --yes)
    #[argh(switch)]
    pub volume: bool,
    /// yes, destroy what --volume names
    #[argh(switch)]
    pub yes: bool,
    /// how long the container may take to stop by itself (default 30s)
    #[argh(option, from_str_fn(parse_duration), default = "Duration::from_secs(30)")]
    pub grace: Duration,
    /// an open descriptor that holds the gateway's lock already
    #[argh(option)]
    pub lock_fd: Option<i32>,
    /// how long to wait for another run's lock (default 0s)
    #[argh(option, from_str_fn(parse_duration), default = "Duration::ZERO")]
    pub lock_timeout: Duration,
}

/// write the kubeconfig for this host again
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "kubeconfig")]
pub struct KubeconfigFlags {
    /// file to write instead of the gateway's own (0600); - prints it
    #[argh(option, from_str_fn(not_empty))]
    pub file: Option<String>,
    /// an open descriptor that holds the gateway's lock already
    #[argh(option)]
    pub lock_fd: Option<i32>,
    /// how long to wait for another run's lock (default 0s)
    #[argh(option, from_str_fn(parse_duration), default = "Duration::ZERO")]
    pub lock_timeout: Duration,
}

fn not_empty(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("a value is expected".to_owned());
    }
    Ok(text.to_owned())
}

fn port(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err(format!("'{text}' is no port: 1 to 65535 is expected")),
        Ok(port) => Ok(port),
    }
}

/// A name that can stand in a certificate and in a list with commas.
fn host(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '*' | '_');
    if text.is_empty() || !text.chars().all(allowed) || text.starts_with('-') {
        return Err(format!("'{}' is no host name or address", text.escape_debug()));
    }
    Ok(text.to_owned())
}

fn confinement(text: &str) -> Result<Confinement, String> {
    match text {
        "auto" => Ok(Confinement::Auto),
        "privileged" => Ok(Confinement::Privileged),
        "caps" => Ok(Confinement::Caps),
        _ => Err(format!("'{text}' is not one of auto, privileged, caps")),
    }
}
