//! The command line.

use argh::FromArgs;
use gw_doctor::question::Place;
use jiff::Timestamp;

/// Say what the documents of the other tools mean: what is wrong with a gateway, or a table of it. Standard input has their answers, one JSON
/// value each: {"name": "detect", "document": {...}}.
///
/// Names: detect (gw-detect), container (gw-node diagnose), api, node, namespace, rollout, grpc and sandboxes (gw-wait), nodes (gw-nodeclean
/// --dry-run), secret (gw-sshsecret check), pki (gw-pki check), kubeconfig (gw-node kubeconfig).
#[derive(FromArgs, Debug)]
pub struct Flags {
    #[argh(subcommand)]
    pub verb: Verb,
}

#[derive(FromArgs, Debug)]
#[argh(subcommand)]
pub enum Verb {
    Findings(FindingsFlags),
    Status(StatusFlags),
    List(ListFlags),
}

/// name what is wrong, why, and what to type next; the flags only say what hints have to name, and what no document tells
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "findings")]
pub struct FindingsFlags {
    /// where the gateway is: container, or cluster for a cluster of your own (default container)
    #[argh(option, from_str_fn(place), default = "Place::Container")]
    pub place: Place,
    /// the gateway's name, if no document says it (default openshell)
    #[argh(option)]
    pub gateway: Option<String>,
    /// the address that clients use, if no document says it
    #[argh(option)]
    pub endpoint: Option<String>,
    /// the kubeconfig file with which tools and kubectl reach the cluster
    #[argh(option)]
    pub kubeconfig: Option<String>,
    /// the kubeconfig's context (else its current one)
    #[argh(option)]
    pub context: Option<String>,
    /// the gateway's Kubernetes namespace (default openshell)
    #[argh(option, default = "gateway_names::NAMESPACE.to_owned()")]
    pub namespace: String,
    /// the server's workload: statefulset/NAME or deployment/NAME (default statefulset/openshell)
    #[argh(option, default = "format!(\"statefulset/{}\", gateway_names::WORKLOAD)")]
    pub workload: String,
    /// how kubectl is typed for this cluster (default kubectl with --kubeconfig and --context)
    #[argh(option)]
    pub kubectl: Option<String>,
    /// RFC 3339 time: when the tools were asked, by this machine's clock. Without it the clock is not compared with the node's
    #[argh(option, from_str_fn(time))]
    pub asked_at: Option<Timestamp>,
    /// standard output is a tar archive for somebody who helps: the answers, what each tool said ("said") and logs, without secrets. The document is
    /// the last line of standard error
    #[argh(switch)]
    pub bundle: bool,
}

/// make a table of one gateway, of detect, pki, secret and sandboxes
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "status")]
pub struct StatusFlags {
    /// the state in the colour of traffic lights, for a terminal
    #[argh(switch)]
    pub color: bool,
}

/// make a table of all gateways, of detect with --all, and of sandboxes, each with the gateway's name beside it: {"name": "sandboxes", "gateway": "..."}
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "list")]
pub struct ListFlags {
    /// the gateway that gets a star: the active one
    #[argh(option)]
    pub active: Option<String>,
}

fn place(text: &str) -> Result<Place, String> {
    match text {
        "container" => Ok(Place::Container),
        "cluster" => Ok(Place::Cluster),
        _ => Err(format!(
            "'{}' is no place: container or cluster is expected",
            text.escape_debug()
        )),
    }
}

fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| {
        format!(
            "'{}' is no RFC 3339 time, such as 2026-01-31T12:00:00Z",
            text.escape_debug()
        )
    })
}
