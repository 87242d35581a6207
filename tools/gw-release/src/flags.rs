//! The command line.

use std::path::PathBuf;

use argh::FromArgs;

use crate::endpoint::Endpoint;

/// Make the helm release of a gateway's server match the chart and the values that were chosen, and the place on a cluster that it is in.
#[derive(FromArgs, Debug)]
pub struct Flags {
    #[argh(subcommand)]
    pub verb: Verb,
}

#[derive(FromArgs, Debug)]
#[argh(subcommand)]
pub enum Verb {
    Prepare(PrepareFlags),
    Choose(ChooseFlags),
    Helm(HelmFlags),
    Facts(FactsFlags),
    Recall(RecallFlags),
    Plan(PlanFlags),
    Apply(ApplyFlags),
    Publish(PublishFlags),
    Restart(RestartFlags),
    Remove(RemoveFlags),
    Rollback(RollbackFlags),
}

/// A choice of chart and values, over what is kept.
#[derive(Debug)]
pub struct Choice {
    pub helm: Vec<PathBuf>,
    pub chart: Option<String>,
    pub checkout: Option<PathBuf>,
    pub base_values: Option<PathBuf>,
    pub bundled: Option<PathBuf>,
    pub values: Vec<PathBuf>,
    pub set_from: Option<PathBuf>,
    pub in_container: bool,
    pub new_node: bool,
    pub cluster_id: Option<String>,
}

/// argh has no flags that several verbs share.
macro_rules! with_choice {
    ($(#[$attribute:meta])* $name:ident) => {
        #[derive(FromArgs, Debug)]
        $(#[$attribute])*
        pub struct $name {
            /// helm: the first that is 3.14 or a later helm 3 (repeatable; default: helm on PATH)
            #[argh(option)]
            helm: Vec<PathBuf>,
            /// the chart: a folder, an archive, oci://REFERENCE, or bundled (default: what is kept, else bundled)
            #[argh(option)]
            chart: Option<String>,
            /// folder with a chart (openshell) and values.json, both of a checkout, in place of the bundled ones
            #[argh(option)]
            checkout: Option<PathBuf>,
            /// file of JSON: values that follow from the gateway's settings, over those of the bundled chart or of a checkout
            #[argh(option)]
            base_values: Option<PathBuf>,
            /// folder with the chart that came with the cluster (openshell) and its values.json
            #[argh(option)]
            bundled: Option<PathBuf>,
            /// file of values, in place of those that are kept; may be repeated, the last one wins
            #[argh(option)]
            values: Vec<PathBuf>,
            /// file with words of helm's --set, each ended by a NUL, in place of those that are kept; - is standard input
            #[argh(option)]
            set_from: Option<PathBuf>,
            /// the cluster is a gateway's container: its published node port must lead to a Service of the chart
            #[argh(switch)]
            in_container: bool,
            /// the node has no image of a checkout: what is kept of one gives way to the bundled chart
            #[argh(switch)]
            new_node: bool,
            /// which cluster it is: what this host knows of a release on another one does not count
            #[argh(option)]
            cluster_id: Option<String>,
        }

        impl From<$name> for Choice {
            fn from(flags: $name) -> Self {
                let $name { helm, chart, checkout, base_values, bundled, values, set_from, in_container, new_node, cluster_id } = flags;
                Self { helm, chart, checkout, base_values, bundled, values, set_from, in_container, new_node, cluster_id }
            }
        }
    };
}

with_choice! {
    /// keep chart and values for the next apply; asks no cluster, and helm only to pull a chart
    #[argh(subcommand, name = "choose")]
    ChooseFlags
}
with_choice! {
    /// say of the chart and the values which workload is the server, and what it needs; asks no cluster
    #[argh(subcommand, name = "facts")]
    FactsFlags
}
with_choice! {
    /// say what apply would do about the release
    #[argh(subcommand, name = "plan")]
    PlanFlags
}
with_choice! {
    /// keep the choice, and bring the release to it
    #[argh(subcommand, name = "apply")]
    ApplyFlags
}

/// say which helm is used: the first that is named and fit
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "helm")]
pub struct HelmFlags {
    /// helm: the first that is 3.14 or a later helm 3 (repeatable; default: helm on PATH)
    #[argh(option)]
    pub helm: Vec<PathBuf>,
}

/// say what this host knows of the release that was deployed last; asks neither helm nor a cluster
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "recall")]
pub struct RecallFlags {
    /// of this cluster alone: what is known of another one does not count
    #[argh(option)]
    pub cluster_id: Option<String>,
}

/// make the place on a cluster that the release is deployed to: the namespace, and what is kept of it; flags over what is kept
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "prepare")]
pub struct PrepareFlags {
    /// where clients reach the gateway: https://HOST:PORT, or http://HOST:PORT without TLS; found: by what the cluster has (default)
    #[argh(option, from_str_fn(given_endpoint))]
    pub endpoint: Option<GivenEndpoint>,
    /// port of this machine that leads to the gateway if nothing of the cluster does (default 8080)
    #[argh(option, from_str_fn(port))]
    pub port: Option<u16>,
    /// no TLS on the gateway's port
    #[argh(switch)]
    pub plaintext: bool,
    /// TLS on the gateway's port, if --plaintext was kept
    #[argh(switch)]
    pub no_plaintext: bool,
    /// the gateway does not authenticate its clients
    #[argh(switch)]
    pub disable_gateway_auth: bool,
    /// the gateway authenticates its clients, if --disable-gateway-auth was kept
    #[argh(switch)]
    pub enable_gateway_auth: bool,
    /// further name or address for the certificates (may be repeated; the list replaces the kept one)
    #[argh(option, from_str_fn(host))]
    pub tls_san: Vec<String>,
}

/// Who says where clients reach a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GivenEndpoint {
    /// The cluster.
    Found,
    /// The flag.
    Url(Endpoint),
}

fn given_endpoint(text: &str) -> Result<GivenEndpoint, String> {
    if text == "found" {
        return Ok(GivenEndpoint::Found);
    }
    let read = Endpoint::parse(text);
    read.map(GivenEndpoint::Url)
        .map_err(|why| format!("{why}; found: by what the cluster has"))
}

fn port(text: &str) -> Result<u16, String> {
    let wrong = || {
        format!(
            "--port is a number from 1 to 65535, not '{}'",
            text.escape_debug()
        )
    };
    text.parse().ok().filter(|port| *port > 0).ok_or_else(wrong)
}

/// A name that can stand in a certificate and in a list with commas.
fn host(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '*' | '_');
    if text.is_empty() || !text.chars().all(allowed) || text.starts_with('-') {
        return Err(format!("'{}' is no host name or address", text.escape_debug()));
    }
    Ok(text.to_owned())
}

/// write the client files of a gateway on a cluster: where clients reach it, and that it is the active one
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "publish")]
pub struct PublishFlags {
    /// where clients reach the gateway: https://HOST:PORT, or http://HOST:PORT without TLS
    #[argh(option, from_str_fn(Endpoint::parse))]
    pub endpoint: Endpoint,
}

/// give the server new pods, as kubectl rollout restart does; gw-wait rollout waits for them
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "restart")]
pub struct RestartFlags {}

/// remove the release that was deployed for the gateway; volumes stay unless --with-data is given
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "remove")]
pub struct RemoveFlags {
    /// of a gateway on a cluster: remove sandboxes, secrets, volumes, the namespace if it is the gateway's own, and the client files, too (needs --yes)
    #[argh(switch)]
    pub with_data: bool,
    /// yes, destroy what --with-data names
    #[argh(switch)]
    pub yes: bool,
    /// helm: the first that is 3.14 or a later helm 3 (repeatable; default: helm on PATH)
    #[argh(option)]
    pub helm: Vec<PathBuf>,
}

/// go back to the last revision before this one that was deployed; what is kept of chart and values stays
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "rollback")]
pub struct RollbackFlags {
    /// helm: the first that is 3.14 or a later helm 3 (repeatable; default: helm on PATH)
    #[argh(option)]
    pub helm: Vec<PathBuf>,
}
