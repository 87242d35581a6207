//! The command line.

use std::net::IpAddr;
use std::time::Duration;

use argh::FromArgs;
use contract::parse_duration;
use gateway_facts::Confinement;

use crate::flags::values::{
    Pull, confinement, environment, extra_host, host, mount, not_empty, plain, port, proxy, pull,
};

pub mod values;

/// Make, start, stop and remove a gateway's container with its network and volume.
#[derive(FromArgs, Debug)]
pub struct Flags {
    #[argh(subcommand)]
    pub verb: Verb,
}

#[derive(FromArgs, Debug)]
#[argh(subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one of them in a run")]
pub enum Verb {
    Ensure(EnsureFlags),
    Stop(StopFlags),
    Remove(RemoveFlags),
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
    /// missing, always or never: when to pull the cluster image (default missing)
    #[argh(option, from_str_fn(pull), default = "Pull::Missing")]
    pub pull: Pull,
    /// with --dry-run: plan as if Docker had the image already, because it is built or loaded before the run
    #[argh(switch)]
    pub assume_image: bool,
    /// host of the registry that the gateway's images come from (default: the cluster image's own)
    #[argh(option, from_str_fn(host))]
    pub registry_host: Option<String>,
    /// the registry speaks plain HTTP
    #[argh(switch)]
    pub registry_insecure: bool,
    /// where the node reaches the registry, if that is elsewhere
    #[argh(option, from_str_fn(plain))]
    pub registry_endpoint: Option<String>,
    /// repository below which the gateway's images are
    #[argh(option, from_str_fn(plain))]
    pub image_repo_base: Option<String>,
    /// tag of the gateway's images
    #[argh(option, from_str_fn(plain))]
    pub image_tag: Option<String>,
    /// image that was pushed into the node (may be repeated; the list replaces the persisted one)
    #[argh(option, from_str_fn(plain))]
    pub push_image_ref: Vec<String>,
    /// when the gateway's pods pull their images: Always, IfNotPresent or Never
    #[argh(option, from_str_fn(plain))]
    pub image_pull_policy: Option<String>,
    /// user at the registry (else OPENSHELL_REGISTRY_USERNAME)
    #[argh(option, from_str_fn(not_empty))]
    pub registry_username: Option<String>,
    /// file with the password or token for the registry, - for standard input (else OPENSHELL_REGISTRY_PASSWORD)
    #[argh(option, from_str_fn(not_empty))]
    pub registry_password_file: Option<String>,
    /// hand all GPUs of the host on
    #[argh(switch)]
    pub gpu: bool,
    /// no GPUs, where --gpu was persisted
    #[argh(switch)]
    pub no_gpu: bool,
    /// further entry of the hosts file, NAME:ADDRESS (may be repeated; the list replaces the persisted one)
    #[argh(option, from_str_fn(extra_host))]
    pub extra_host: Vec<String>,
    /// further mount, SOURCE:PATH[:ro] (may be repeated; the list replaces the persisted one)
    #[argh(option, from_str_fn(mount))]
    pub mount: Vec<String>,
    /// further environment, NAME=VALUE, readable by all who may use Docker (may be repeated; the list replaces the persisted one)
    #[argh(option, from_str_fn(environment))]
    pub env: Vec<String>,
    /// name server (may be repeated; the list replaces the persisted one)
    #[argh(option)]
    pub dns: Vec<IpAddr>,
    /// proxy for HTTP (a new gateway takes HTTP_PROXY)
    #[argh(option, from_str_fn(proxy))]
    pub http_proxy: Option<String>,
    /// proxy for HTTPS (a new gateway takes HTTPS_PROXY)
    #[argh(option, from_str_fn(proxy))]
    pub https_proxy: Option<String>,
    /// what is reached without a proxy (a new gateway takes NO_PROXY)
    #[argh(option, from_str_fn(plain))]
    pub no_proxy: Option<String>,
    /// yes, make an empty gateway where clients of this host know one of the name and this Docker has nothing of it
    #[argh(switch)]
    pub yes: bool,
    /// further argument for k3s, as --k3s-arg=--FLAG=VALUE (may be repeated; the list replaces the persisted one)
    #[argh(option, from_str_fn(plain))]
    pub k3s_arg: Vec<String>,
}

/// stop the container; everything is kept
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "stop")]
pub struct StopFlags {
    /// how long the container may take to stop by itself (default 30s)
    #[argh(option, from_str_fn(parse_duration), default = "Duration::from_secs(30)")]
    pub grace: Duration,
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
    /// with --volume: keep the gateway's settings, so that the next ensure makes it with them
    #[argh(switch)]
    pub keep_settings: bool,
    /// how long the container may take to stop by itself (default 30s)
    #[argh(option, from_str_fn(parse_duration), default = "Duration::from_secs(30)")]
    pub grace: Duration,
}
