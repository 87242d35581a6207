//! The parts of the node: which programs, with which arguments.

use std::net::Ipv4Addr;

use crate::layout::{self, data, tls};

/// One program that runs as long as the container does.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its name, also of its log.
    pub name: &'static str,
    /// The program on PATH.
    pub program: &'static str,
    /// Its arguments.
    pub arguments: Vec<String>,
}

/// Starts pods.
pub const KUBELET: &str = "kubelet";
/// Answers names.
pub const DNS: &str = "coredns";

const ETCD: &str = "http://127.0.0.1:2379";

fn part(name: &'static str, arguments: &[String]) -> Part {
    Part {
        name,
        program: name,
        arguments: arguments.to_vec(),
    }
}

fn path_of(path: std::path::PathBuf) -> String {
    path.display().to_string()
}

/// Every part, in the order of starting; they stop in the opposite order.
pub fn all(node: &str, address: Ipv4Addr, without_dns: bool) -> Vec<Part> {
    let kubeconfig = format!("--kubeconfig={}", layout::KUBECONFIG);
    let mut all = vec![
        part(
            "etcd",
            &[
                // Not k3s's folder: its datastore and this one must not be taken for each other.
                format!("--data-dir={}", path_of(data("server/db/openshell-etcd"))),
                format!("--listen-client-urls={ETCD}"),
                format!("--advertise-client-urls={ETCD}"),
                "--listen-peer-urls=http://127.0.0.1:2380".to_owned(),
                "--initial-advertise-peer-urls=http://127.0.0.1:2380".to_owned(),
                "--initial-cluster=default=http://127.0.0.1:2380".to_owned(),
                // A single member waits for nobody: it elects itself after one time-out.
                "--heartbeat-interval=50".to_owned(),
                "--election-timeout=250".to_owned(),
            ],
        ),
        part("kube-apiserver", &apiserver()),
        part(
            "containerd",
            &["--config=/run/openshell/containerd.toml".to_owned()],
        ),
        part(KUBELET, &kubelet(node, address)),
        part(
            "kube-controller-manager",
            &[
                kubeconfig.clone(),
                format!(
                    "--service-account-private-key-file={}",
                    path_of(tls("service-account.key"))
                ),
                format!("--root-ca-file={}", path_of(tls("ca.crt"))),
                "--use-service-account-credentials=false".to_owned(),
                "--leader-elect=false".to_owned(),
                "--allocate-node-cidrs=false".to_owned(),
                "--node-monitor-period=1s".to_owned(),
                "--bind-address=127.0.0.1".to_owned(),
            ],
        ),
        part(
            "kube-scheduler",
            &[
                kubeconfig.clone(),
                "--leader-elect=false".to_owned(),
                "--bind-address=127.0.0.1".to_owned(),
            ],
        ),
        part(
            "kube-proxy",
            &[
                kubeconfig.clone(),
                format!("--hostname-override={node}"),
                format!("--cluster-cidr={}", layout::POD_NETWORK),
                // The host's connection tracking is not ours to set.
                "--conntrack-max-per-core=0".to_owned(),
                "--conntrack-tcp-timeout-established=0".to_owned(),
                "--conntrack-tcp-timeout-close-wait=0".to_owned(),
                "--healthz-bind-address=127.0.0.1:10256".to_owned(),
            ],
        ),
        part(
            "local-path",
            // argh knows no `--flag=value`.
            &[
                "--kubeconfig".to_owned(),
                layout::KUBECONFIG.to_owned(),
                "--node".to_owned(),
                node.to_owned(),
            ],
        ),
    ];
    if !without_dns {
        all.push(part(DNS, &["-conf".to_owned(), layout::COREFILE.to_owned()]));
    }
    all
}

fn apiserver() -> Vec<String> {
    let flags = [
        ("etcd-servers", ETCD.to_owned()),
        ("secure-port", gateway_names::API_PORT.to_string()),
        ("tls-cert-file", path_of(tls("apiserver.crt"))),
        ("tls-private-key-file", path_of(tls("apiserver.key"))),
        ("client-ca-file", path_of(tls("ca.crt"))),
        ("service-account-key-file", path_of(tls("service-account.pub"))),
        (
            "service-account-signing-key-file",
            path_of(tls("service-account.key")),
        ),
        (
            "service-account-issuer",
            "https://kubernetes.default.svc.cluster.local".to_owned(),
        ),
        ("service-cluster-ip-range", layout::SERVICE_NETWORK.to_owned()),
        // There is one API server: its address replaces an earlier one at once, instead of when that one's lease ends.
        ("endpoint-reconciler-type", "master-count".to_owned()),
        ("service-node-port-range", "30000-32767".to_owned()),
        ("authorization-mode", "Node,RBAC".to_owned()),
        ("allow-privileged", "true".to_owned()),
        ("kubelet-client-certificate", path_of(tls("admin.crt"))),
        ("kubelet-client-key", path_of(tls("admin.key"))),
        ("kubelet-certificate-authority", path_of(tls("ca.crt"))),
        (
            "kubelet-preferred-address-types",
            "InternalIP,Hostname".to_owned(),
        ),
    ];
    flags.map(|(name, value)| format!("--{name}={value}")).to_vec()
}

fn kubelet(node: &str, address: Ipv4Addr) -> Vec<String> {
    let flags = [
        ("kubeconfig", "/run/openshell/kubelet.kubeconfig".to_owned()),
        ("config", "/run/openshell/kubelet.json".to_owned()),
        ("hostname-override", node.to_owned()),
        ("node-ip", address.to_string()),
        ("root-dir", path_of(data("agent/kubelet"))),
    ];
    flags.map(|(name, value)| format!("--{name}={value}")).to_vec()
}
