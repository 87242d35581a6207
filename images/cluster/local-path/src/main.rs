//! Provisions volumes of class `local-path` as k3s does: folders of one node, below `/var/lib/rancher/k3s/storage`.
//!
//! A claim that the scheduler gave to this node gets a folder and a persistent volume with affinity to the node. A volume of
//! its own that was released, and whose policy is Delete, loses its folder and is deleted. Both are only ever done to what
//! this provisioner made; nothing is changed that exists.
//!
//! Exit codes: 1 the kubeconfig cannot be used; 2 usage. It ends by a signal alone otherwise.

mod cluster;
mod folder;
mod plan;

use std::path::PathBuf;
use std::process::ExitCode;

use argh::FromArgs;

/// Provision volumes of class local-path on this node.
#[derive(FromArgs)]
struct Flags {
    /// kubeconfig of a user who may write persistent volumes
    #[argh(option)]
    kubeconfig: PathBuf,
    /// this node's name
    #[argh(option)]
    node: String,
    /// folder of the volumes (default /var/lib/rancher/k3s/storage)
    #[argh(
        option,
        default = "PathBuf::from(gateway_names::VOLUME_PATH).join(\"storage\")"
    )]
    storage: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let flags = match Flags::from_args(&["local-path"], &words) {
        Ok(flags) => flags,
        Err(exit) => {
            eprintln!("{}", exit.output.trim_end());
            return ExitCode::from(if exit.status.is_ok() { 0 } else { 2 });
        }
    };
    match cluster::provision(&flags.kubeconfig, &flags.node, &flags.storage).await {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("local-path: {error:#}");
            ExitCode::FAILURE
        }
    }
}
