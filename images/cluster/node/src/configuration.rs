//! Configuration files of the parts, made anew at each start.

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use anyhow::Context;
use serde_json::json;

use crate::certificates::write_private;
use crate::cgroup::CgroupRoot;
use crate::{layout, registries};

/// The image of a pod's sandbox container, among the bundled ones.
const PAUSE: &str = "openshell/pause:1";
/// The node's own resolver, as Docker configures it.
const NODE_RESOLVER: &str = "/etc/resolv.conf";
/// What pods get of it.
const POD_RESOLVER: &str = "/run/openshell/resolv.conf";

/// Writes all of them.
pub fn write(root: &CgroupRoot, without_dns: bool) -> anyhow::Result<()> {
    let resolver = fs::read_to_string(NODE_RESOLVER).context(NODE_RESOLVER)?;
    let resolver = if without_dns {
        resolver
    } else {
        for_pods(&resolver)
    };
    for (path, content) in [
        ("/run/openshell/kubelet.json", kubelet(root).to_string()),
        (POD_RESOLVER, resolver),
        ("/etc/cni/net.d/10-bridge.conflist", network().to_string()),
    ] {
        fs::write(path, content).with_context(|| path.to_owned())?;
    }
    // Credentials of registries are in it.
    let containerd = containerd() + &registries::for_containerd()?;
    write_private(Path::new("/run/openshell/containerd.toml"), containerd.as_bytes())?;
    if !Path::new("/opt/cni/bin").exists() {
        std::os::unix::fs::symlink("/usr/lib/cni", "/opt/cni/bin").context("/opt/cni/bin")?;
    }
    Ok(())
}

fn containerd() -> String {
    format!(
        r#"version = 2
root = "{root}"
state = "/run/containerd"
[grpc]
  address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  # A container without CAP_SYS_RESOURCE may not lower its score, and the host's AppArmor is not ours to load into.
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
"#,
        root = layout::data("agent/containerd").display(),
        socket = layout::CONTAINERD,
    )
}

fn network() -> serde_json::Value {
    json!({
        "cniVersion": "0.4.0",
        "name": "cbr0",
        "plugins": [
            {
                "type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
                "ipam": {
                    "type": "host-local",
                    // Addresses of pods of an earlier start are free again: the leases go with the container's start.
                    "dataDir": "/run/cni/networks",
                    "ranges": [[{"subnet": "10.42.0.0/24"}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": true}},
        ],
    })
}

fn kubelet(root: &CgroupRoot) -> serde_json::Value {
    json!({
        "kind": "KubeletConfiguration",
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": root.0,
        "failSwapOn": false,
        "authentication": {
            "anonymous": {"enabled": false},
            "webhook": {"enabled": false},
            "x509": {"clientCAFile": layout::tls("ca.crt")},
        },
        "authorization": {"mode": "AlwaysAllow"},
        "tlsCertFile": layout::tls("kubelet.crt"),
        "tlsPrivateKeyFile": layout::tls("kubelet.key"),
        "clusterDomain": layout::CLUSTER_DOMAIN,
        "clusterDNS": [layout::DNS_SERVICE],
        "resolvConf": POD_RESOLVER,
        // A node that came back is seen at once; what did not change is reported once a minute all the same.
        "nodeStatusUpdateFrequency": "1s",
        "nodeStatusReportFrequency": "1m",
        "syncFrequency": "10s",
        // The kubelet starts before the API server answers, and a watch that failed waits longer than the next request does.
        "configMapAndSecretChangeDetectionStrategy": "Get",
        // The host's disk is its owner's affair: evicting pods of the only node helps nobody.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"nodefs.available": "0%", "nodefs.inodesFree": "0%", "imagefs.available": "0%"},
    })
}

/// The node's resolver for pods of policy Default: a name server on a loopback address, such as Docker's, is not there in a pod.
fn for_pods(resolver: &str) -> String {
    let is_loopback = |line: &str| {
        let mut words = line.split_whitespace();
        words.next() == Some("nameserver")
            && words
                .next()
                .and_then(|word| word.parse::<IpAddr>().ok())
                .is_some_and(|address| address.is_loopback())
    };
    let (unreachable, kept): (Vec<&str>, Vec<&str>) = resolver.lines().partition(|line| is_loopback(line));
    let instead = (!unreachable.is_empty()).then(|| format!("nameserver {}", layout::DNS_SERVICE));
    let lines = instead.iter().map(String::as_str).chain(kept);
    lines.fold(String::new(), |text, line| text + line + "\n")
}

#[cfg(test)]
mod tests {
    use super::for_pods;

    #[test]
    fn pods_are_not_sent_to_a_loopback_address() {
        let docker = "search example.org\nnameserver 127.0.0.11\noptions ndots:0\n";
        let expected = "nameserver 10.43.0.10\nsearch example.org\noptions ndots:0\n";
        assert_eq!(for_pods(docker), expected);
        assert_eq!(
            for_pods("nameserver 127.0.0.53\nnameserver ::1\n"),
            "nameserver 10.43.0.10\n"
        );
        let reachable = "nameserver 192.0.2.1\n";
        assert_eq!(for_pods(reachable), reachable);
    }
}
