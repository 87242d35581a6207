//! The cluster image's own program: runs a Kubernetes node in one container, and says whether it is healthy.
//!
//! `cluster-node server [k3s's arguments]` prepares the container, starts every part of the node and keeps it running
//! until SIGTERM; it exits with 0 after a stop that was asked for, and with 1 and the reason where it cannot go on.
//! `cluster-node health` exits with 0 where the gateway is whole, else with 1 and a line for each thing that is missing.
//!
//! An init process (tini) runs it, so that orphans of containers are reaped.

mod arguments;
mod boot;
mod bring_up;
mod certificates;
mod cgroup;
mod chart;
mod cluster;
mod configuration;
mod corefile;
mod dns_probe;
mod dns_service;
mod health;
mod layout;
mod machine;
mod parts;
mod pod_images;
mod registries;
mod release;
mod resolver;
mod sandboxes;
mod services;
mod supervisor;
mod volume;

use std::process::ExitCode;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let ended = match words.first().map(String::as_str) {
        Some("server") => boot::run(&words[1..]).await,
        Some("health") => health::run().await,
        _ => Err(anyhow::anyhow!(
            "usage: cluster-node server [k3s's arguments] | cluster-node health"
        )),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cluster-node: {error:#}");
            ExitCode::FAILURE
        }
    }
}
