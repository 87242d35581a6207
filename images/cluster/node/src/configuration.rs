//! Configuration files of the parts, made anew at each start.

use std::fs;
use std::path::Path;

use anyhow::Context;
use serde_json::json;

use crate::certificates::write_private;
use crate::cgroup::CgroupRoot;
use crate::{corefile, layout, machine, registries, resolver};

/// The image of a pod's sandbox container, among the bundled ones.
const PAUSE: &str = "docker.io/openshell/pause:1";

/// Writes all of them.
pub fn write(root: &CgroupRoot, without_dns: bool) -> anyhow::Result<()> {
    let node_resolver = fs::read_to_string(resolver::OF_NODE).context(resolver::OF_NODE)?;
    let for_pods = if without_dns {
        node_resolver.clone()
    } else {
        resolver::for_pods(&node_resolver)
    };
    for (path, content) in [
        ("/run/openshell/kubelet.json", kubelet(root).to_string()),
        (resolver::OF_PODS, for_pods),
        ("/etc/cni/net.d/10-bridge.conflist", network().to_string()),
        (
            layout::COREFILE,
            corefile::text(&resolver::name_servers(&node_resolver)),
        ),
        (layout::HOSTS, corefile::hosts(machine::docker_host()?)),
    ] {
        fs::write(path, content).with_context(|| path.to_owned())?;
    }
    // Credentials of registries are in it.
    let containerd = containerd() + &registries::reconcile()?;
    write_private(Path::new("/run/openshell/containerd.toml"), containerd.as_bytes())
}

fn containerd() -> String {
    format!(
        r#"version = 3
root = "{root}"
state = "/run/containerd"
[grpc]
  address = "{socket}"
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "{PAUSE}"
[plugins."io.containerd.cri.v1.runtime"]
  # A container without CAP_SYS_RESOURCE may not lower its score, and the host's AppArmor is not ours to load into.
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["{plugins}"]
    conf_dir = "/etc/cni/net.d"
"#,
        root = layout::data("agent/containerd").display(),
        socket = layout::CONTAINERD,
        plugins = layout::CNI_PLUGINS,
    )
}

fn network() -> serde_json::Value {
    json!({
        "cniVersion": "1.0.0",
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
        "containerRuntimeEndpoint": format!("unix://{}", layout::CONTAINERD),
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": root.0,
        // Hosts with cgroup v1 are still many, and the kubelet refuses them by default.
        "failCgroupV1": false,
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
        "resolvConf": resolver::OF_PODS,
        // A node that came back is seen at once; what did not change is reported once a minute all the same.
        "nodeStatusUpdateFrequency": "1s",
        "nodeStatusReportFrequency": "1m",
        "syncFrequency": "10s",
        // The kubelet may start before the API server answers, and a watch that failed waits longer than the next request does.
        "configMapAndSecretChangeDetectionStrategy": "Get",
        // The host's disk is its owner's affair: evicting pods of the only node helps nobody.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"nodefs.available": "0%", "nodefs.inodesFree": "0%", "imagefs.available": "0%"},
    })
}
