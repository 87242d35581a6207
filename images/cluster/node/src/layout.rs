//! Where things lie in the container. Paths that others read are k3s's.

use std::path::PathBuf;

/// The gateway's volume.
pub const DATA: &str = gateway_names::VOLUME_PATH;
/// The administrator's kubeconfig.
pub const KUBECONFIG: &str = gateway_names::KUBECONFIG_PATH;
/// Archives of the images that pods use.
pub const POD_IMAGES: &str = "/opt/openshell/images";
/// The bundled chart and the values that name the bundled images.
pub const CHART: &str = "/opt/openshell/chart";
/// The supervisor that sandboxes mount from the node.
pub const SUPERVISOR: &str = "/opt/openshell/bin/openshell-sandbox";
/// The version of this image's Kubernetes, such as `v1.35.4`.
pub const OWN_VERSION: &str = "/opt/openshell/kubernetes-version";
/// Logs of the parts.
pub const LOGS: &str = "/var/log/openshell";
/// containerd's socket.
pub const CONTAINERD: &str = "/run/containerd/containerd.sock";
/// Generated configuration files, new at each start.
pub const CONFIGURATION: &str = "/run/openshell";
/// Pods' addresses.
pub const POD_NETWORK: &str = "10.42.0.0/16";
/// Services' addresses.
pub const SERVICE_NETWORK: &str = "10.43.0.0/16";
/// The API server's address as a Service.
pub const API_SERVICE: &str = "10.43.0.1";
/// The DNS server's address: where k3s has it.
pub const DNS_SERVICE: &str = "10.43.0.10";
/// The domain of the cluster's names.
pub const CLUSTER_DOMAIN: &str = "cluster.local";
/// The kubeconfig of the DNS server.
pub const DNS_KUBECONFIG: &str = "/run/openshell/coredns.kubeconfig";
/// The DNS server's configuration.
pub const COREFILE: &str = "/run/openshell/Corefile";
/// Names that the DNS server knows beside the cluster's, as hosts(5) has them.
pub const HOSTS: &str = "/run/openshell/hosts";
/// Programs of the pods' network.
pub const CNI_PLUGINS: &str = "/opt/cni/bin";
/// Settings of image registries, a folder for each.
pub const REGISTRIES: &str = "/run/openshell/registries";

/// A path on the volume.
pub fn data(path: &str) -> PathBuf {
    PathBuf::from(DATA).join(path)
}

/// A path among certificates and keys of the control plane.
pub fn tls(name: &str) -> PathBuf {
    data("server/tls").join(name)
}
