//! Configuration files of the parts, made anew at each start.

use std::fs;
use std::path::Path;

use anyhow::Context;
use serde_json::json;

use crate::certificates::write_private;
use crate::cgroup::CgroupRoot;
use crate::{layout, registries};

/// The image of a pod's sandbox container, among the bundled ones.
const PAUSE: &str = "openshell/pause:1";

/// Writes all of them.
pub fn write(root: &CgroupRoot) -> anyhow::Result<()> {
    for (path, content) in [
        ("/run/openshell/kubelet.json", kubelet(root).to_string()),
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
        "clusterDomain": "cluster.local",
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
