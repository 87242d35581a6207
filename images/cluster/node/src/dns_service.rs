//! What the DNS server has in the cluster: the right to read what names are made of, and the Service `kube-system/kube-dns`, which
//! keeps its address from being given to another Service and tells others the address.

use anyhow::Context;
use k8s_openapi::api::core::v1::{Namespace, Service};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use kube::api::{DeleteParams, PostParams};
use kube::{Api, Client};
use serde_json::json;

use crate::cluster::{ensure, is_code};
use crate::layout;

/// The user that the DNS server is to the API server.
pub const USER: &str = "system:coredns";

const NAMESPACE: &str = "kube-system";
const NAME: &str = "kube-dns";
/// kube-proxy leaves Services with this label to others: the address is the node's own, and nothing is to be redirected.
const PROXY_LABEL: &str = "service.kubernetes.io/service-proxy-name";
const PROXY: &str = "cluster-dns";

/// Makes the Service where it is absent. Without a DNS server of the node, removes the one that was made here: somebody else's
/// server needs the name and the address.
pub async fn reconcile(client: &Client, without_dns: bool) -> anyhow::Result<()> {
    if !without_dns {
        allow_reading(client).await.context("the DNS server's role")?;
    }
    let services: Api<Service> = Api::namespaced(client.clone(), NAMESPACE);
    let found = services.get_opt(NAME).await.context("Service kube-dns")?;
    match found {
        None if !without_dns => create(client, &services).await,
        Some(service) if without_dns && is_ours(&service) => {
            match services.delete(NAME, &DeleteParams::default()).await {
                Err(error) if !is_code(&error, 404) => Err(error).context("Service kube-dns"),
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// CoreDNS' documentation of its plugin `kubernetes` names what it lists and watches.
async fn allow_reading(client: &Client) -> anyhow::Result<()> {
    let role = json!({
        "metadata": {"name": USER},
        "rules": [
            {"apiGroups": [""], "resources": ["namespaces", "services"], "verbs": ["list", "watch"]},
            {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
        ],
    });
    let binding = json!({
        "metadata": {"name": USER},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": USER},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": USER}],
    });
    ensure::<ClusterRole>(&Api::all(client.clone()), role).await?;
    ensure::<ClusterRoleBinding>(&Api::all(client.clone()), binding).await
}

async fn create(client: &Client, services: &Api<Service>) -> anyhow::Result<()> {
    // A young API server has not made its own namespaces yet.
    let namespace = json!({"metadata": {"name": NAMESPACE}});
    ensure::<Namespace>(&Api::all(client.clone()), namespace)
        .await
        .context("namespace kube-system")?;
    match services.create(&PostParams::default(), &service()?).await {
        Err(error) if is_code(&error, 422) => {
            // The server answers all the same: kube-proxy only redirects the ports that the other Service has.
            let address = layout::DNS_SERVICE;
            eprintln!("cluster-node: another Service has the DNS server's address {address}: {error}");
            Ok(())
        }
        Err(error) if !is_code(&error, 409) => Err(error).context("Service kube-dns"),
        _ => Ok(()),
    }
}

fn service() -> anyhow::Result<Service> {
    let port = |name: &str, protocol: &str| json!({"name": name, "protocol": protocol, "port": 53});
    let service = json!({
        "metadata": {
            "name": NAME,
            "labels": {"k8s-app": NAME, "kubernetes.io/name": "cluster-dns", PROXY_LABEL: PROXY},
        },
        "spec": {
            "clusterIP": layout::DNS_SERVICE,
            "ports": [port("dns", "UDP"), port("dns-tcp", "TCP")],
        },
    });
    Ok(serde_json::from_value(service)?)
}

fn is_ours(service: &Service) -> bool {
    let labels = service.metadata.labels.as_ref();
    labels
        .and_then(|labels| labels.get(PROXY_LABEL))
        .is_some_and(|proxy| proxy == PROXY)
}
