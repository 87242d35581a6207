//! The cluster's DNS: answers for Services as the Kubernetes DNS specification 1.1.0 has it, and forwards every other name to
//! the node's own name servers.
//!
//! Names of the cluster are answered with SERVFAIL until Services and Endpoints were listed once: what is not known yet must
//! not be said to be absent. Afterwards what was last seen is served, also while the API server is down.
//!
//! Exit codes: 1 the kubeconfig cannot be used, or the address is not free; 2 usage. It ends by a signal alone otherwise.

mod answer;
mod forward;
mod handler;
mod names;
mod zone;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use argh::FromArgs;
use hickory_server::proto::rr::Name;
use ipnet::IpNet;

/// Answer DNS for the cluster's Services, and forward every other name.
#[derive(FromArgs)]
struct Flags {
    /// kubeconfig of a user who may list and watch Services and Endpoints
    #[argh(option)]
    kubeconfig: PathBuf,
    /// address to listen on, with UDP and TCP: ADDRESS:PORT
    #[argh(option)]
    listen: SocketAddr,
    /// the cluster's domain (default cluster.local)
    #[argh(option, default = "String::from(\"cluster.local\")")]
    domain: String,
    /// network of Services or pods, as ADDRESS/BITS: names of its addresses are not asked for elsewhere; may be repeated
    #[argh(option)]
    own_network: Vec<IpNet>,
    /// name server for every other name, as ADDRESS:PORT; may be repeated (default: those in --resolv-conf)
    #[argh(option)]
    forward: Vec<SocketAddr>,
    /// file that names the name servers; it is read anew for each question (default /etc/resolv.conf)
    #[argh(option, default = "PathBuf::from(\"/etc/resolv.conf\")")]
    resolv_conf: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let flags = match Flags::from_args(&["cluster-dns"], &words) {
        Ok(flags) => flags,
        Err(exit) => {
            eprintln!("{}", exit.output.trim_end());
            return ExitCode::from(if exit.status.is_ok() { 0 } else { 2 });
        }
    };
    match serve(flags).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cluster-dns: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(flags: Flags) -> anyhow::Result<()> {
    let mut domain = Name::from_ascii(&flags.domain)?.to_lowercase();
    domain.set_fqdn(true);
    let authority = answer::Authority {
        domain: domain.clone(),
        networks: flags.own_network,
    };
    let zones = names::follow(&flags.kubeconfig, &domain).await?;
    let servers = forward::Servers::new(flags.forward, flags.resolv_conf, flags.listen);
    handler::serve(flags.listen, authority, zones, servers).await
}
