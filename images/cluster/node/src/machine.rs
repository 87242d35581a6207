//! What a node expects of its machine, and a container does not have by itself.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use rustix::fs::{FileType, Mode, makedev, mknodat};
use rustix::mount::MountPropagationFlags;

use crate::layout;

/// Prepares the container. Everything here may be done again at each start.
pub fn prepare() -> anyhow::Result<()> {
    // The kubelet watches the kernel's log.
    if !Path::new("/dev/kmsg").exists() {
        mknodat(
            rustix::fs::CWD,
            "/dev/kmsg",
            FileType::CharacterDevice,
            Mode::from_raw_mode(0o600),
            makedev(1, 11),
        )
        .context("cannot make /dev/kmsg: the container needs the capability MKNOD")?;
    }
    if !Path::new("/etc/machine-id").exists() {
        let id = fs::read_to_string("/proc/sys/kernel/random/uuid")?.replace('-', "");
        fs::write("/etc/machine-id", id)?;
    }
    // Pods' volumes must reach the containers that are started later.
    let shared = MountPropagationFlags::SHARED | MountPropagationFlags::REC;
    rustix::mount::mount_change("/", shared)
        .context("cannot share mounts: the container needs the capability SYS_ADMIN")?;
    for folder in [
        layout::LOGS,
        layout::CONFIGURATION,
        "/etc/rancher/k3s",
        "/etc/cni/net.d",
        "/run/flannel",
    ] {
        fs::create_dir_all(folder).with_context(|| folder.to_owned())?;
    }
    for folder in [
        "server/tls",
        "server/db",
        "server/manifests",
        "agent/containerd",
        "agent/kubelet",
        "storage",
    ] {
        let folder = layout::data(folder);
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    // Until the bridge is up, kube-proxy's rules of an earlier start send the node port's traffic to a pod address that has no
    // route: it would leave by the default route, where a stranger may answer it.
    run(
        "ip",
        &[
            "route",
            "replace",
            "unreachable",
            layout::POD_NETWORK,
            "metric",
            "4000",
        ],
    )?;
    // kube-proxy rewrites the destination of what is for a Service. What it does not know yet is refused: it would leave the node, too.
    let refused = ["--destination", layout::SERVICE_NETWORK, "--jump", "REJECT"];
    // The DNS server's address is the node's own.
    for chain in [&["OUTPUT", "!", "--out-interface", "lo"][..], &["FORWARD"]] {
        let rule = [chain, &refused].concat();
        if run("iptables", &[&["--wait", "--check"], &rule[..]].concat()).is_err() {
            run("iptables", &[&["--wait", "--append"], &rule[..]].concat())?;
        }
    }
    Ok(())
}

/// Gives the node the DNS server's address. It is the node's own as loopback addresses are, so that nobody outside takes it for
/// the node's address.
pub fn take_dns_address() -> anyhow::Result<()> {
    let address = format!("{}/32", layout::DNS_SERVICE);
    run(
        "ip",
        &["address", "replace", &address, "dev", "lo", "scope", "host"],
    )
}

/// Runs a command of the image to its end.
pub fn run(program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| program.to_owned())?;
    if !output.status.success() {
        bail!(
            "{program} {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}

/// The container's address on its first network: the source of its default route.
pub fn address() -> anyhow::Result<Ipv4Addr> {
    let output = Command::new("ip")
        .args(["-4", "-json", "address", "show", "scope", "global"])
        .output()
        .context("ip")?;
    let links: serde_json::Value = serde_json::from_slice(&output.stdout).context("ip address")?;
    first_address(&links).context("the container has no IPv4 address: is its network there?")
}

fn first_address(links: &serde_json::Value) -> Option<Ipv4Addr> {
    let usable = |link: &&serde_json::Value| link["ifname"].as_str().is_some_and(|name| name != "cni0");
    links
        .as_array()?
        .iter()
        .filter(usable)
        .flat_map(|link| link["addr_info"].as_array().into_iter().flatten())
        .find_map(|info| info["local"].as_str()?.parse().ok())
}

/// The machine that Docker runs on, as the container reaches it: what Docker wrote into /etc/hosts for `host.docker.internal`, else
/// the gateway of the default route.
pub fn docker_host() -> anyhow::Result<Ipv4Addr> {
    let hosts = fs::read_to_string("/etc/hosts").context("/etc/hosts")?;
    if let Some(address) = address_in_hosts(&hosts, "host.docker.internal") {
        return Ok(address);
    }
    let output = Command::new("ip")
        .args(["-4", "-json", "route", "show", "default"])
        .output()
        .context("ip")?;
    let routes: serde_json::Value = serde_json::from_slice(&output.stdout).context("ip route")?;
    let gateway = routes[0]["gateway"].as_str().and_then(|text| text.parse().ok());
    // A network without a way out has no Docker host to reach.
    Ok(gateway.unwrap_or(Ipv4Addr::LOCALHOST))
}

/// hosts(5): an address, then its names.
fn address_in_hosts(hosts: &str, name: &str) -> Option<Ipv4Addr> {
    hosts.lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let address = words.next()?.parse().ok()?;
        words.any(|word| word == name).then_some(address)
    })
}

/// The node's name: what the gateway's tools chose, else the hostname.
pub fn node_name() -> anyhow::Result<String> {
    let chosen = std::env::var("OPENSHELL_NODE_NAME")
        .ok()
        .filter(|name| !name.is_empty());
    match chosen {
        Some(name) => Ok(name),
        None => Ok(rustix::system::uname()
            .nodename()
            .to_str()
            .context("hostname")?
            .to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::{address_in_hosts, first_address};

    #[test]
    fn the_bridge_of_pods_is_not_the_containers_address() {
        let links = serde_json::json!([
            {"ifname": "cni0", "addr_info": [{"local": "10.42.0.1"}]},
            {"ifname": "eth0", "addr_info": [{"local": "172.18.0.2"}]},
        ]);
        assert_eq!(first_address(&links), "172.18.0.2".parse().ok());
        assert_eq!(first_address(&serde_json::json!([])), None);
    }

    #[test]
    fn the_docker_host_is_found_among_hosts() {
        let hosts = "::1 host.docker.internal\n# 192.0.2.1 host.docker.internal\n172.17.0.1\thost.openshell.internal host.docker.internal\n";
        assert_eq!(
            address_in_hosts(hosts, "host.docker.internal"),
            "172.17.0.1".parse().ok()
        );
        assert_eq!(address_in_hosts(hosts, "docker.internal"), None);
    }
}
