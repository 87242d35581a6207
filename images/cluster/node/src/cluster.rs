//! What this program asks of its own API server.

use std::time::Duration;

use anyhow::Context;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{Namespace, Node, Pod, PodTemplateSpec, Secret};
use k8s_openapi::api::storage::v1::StorageClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::layout;

/// How often something that cannot be watched is asked for while the container starts.
const POLL: Duration = Duration::from_millis(100);
/// The controller manager sees an upgrade in this time, or it does not run.
const SEEN_WITHIN: Duration = Duration::from_secs(10);

/// The administrator's client.
pub async fn client() -> anyhow::Result<Client> {
    let kubeconfig = Kubeconfig::read_from(layout::KUBECONFIG).context("kubeconfig")?;
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    config.connect_timeout = Some(Duration::from_secs(2));
    config.read_timeout = Some(Duration::from_secs(10));
    config.default_retry = false;
    Ok(Client::try_from(config)?)
}

/// Returns once the API server says that it is ready.
pub async fn ready(client: &Client) {
    while !is_ready(client).await {
        tokio::time::sleep(POLL).await;
    }
}

/// Does the API server say that it is ready?
pub async fn is_ready(client: &Client) -> bool {
    let request = http::Request::get("/readyz")
        .body(Vec::new())
        .expect("a constant request");
    client.request_text(request).await.is_ok_and(|text| text == "ok")
}

/// Did the API server answer with this status?
pub fn is_code(error: &kube::Error, code: u16) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == code)
}

/// Creates the object where it is absent.
pub async fn ensure<K>(api: &Api<K>, object: serde_json::Value) -> anyhow::Result<()>
where
    K: Clone + DeserializeOwned + Serialize + std::fmt::Debug,
{
    let object: K = serde_json::from_value(object)?;
    match api.create(&PostParams::default(), &object).await {
        Ok(_) => Ok(()),
        Err(error) if is_code(&error, 409) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The gateway's namespace, and class `local-path` as k3s has it.
pub async fn ensure_basics(client: &Client) -> anyhow::Result<()> {
    let namespace = json!({"metadata": {"name": gateway_names::NAMESPACE}});
    ensure::<Namespace>(&Api::all(client.clone()), namespace)
        .await
        .context("namespace")?;
    let class = json!({
        "metadata": {
            "name": "local-path",
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": "rancher.io/local-path",
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
    });
    ensure::<StorageClass>(&Api::all(client.clone()), class)
        .await
        .context("storage class")
}

/// The gateway's Secrets that exist, by name.
pub async fn secret_names(client: &Client) -> Result<Vec<String>, kube::Error> {
    let secrets: Api<Secret> = Api::namespaced(client.clone(), gateway_names::NAMESPACE);
    let list = secrets.list_metadata(&ListParams::default()).await?;
    Ok(list
        .items
        .into_iter()
        .filter_map(|secret| secret.metadata.name)
        .collect())
}

/// Deletes the server's pod by force where an upgrade outdated it. Only for a node whose kubelet does not run yet: nothing of
/// the pod runs, and nobody would report its end.
pub async fn forget_outdated_server(client: &Client) -> anyhow::Result<()> {
    let sets: Api<StatefulSet> = Api::namespaced(client.clone(), gateway_names::NAMESPACE);
    let pods: Api<Pod> = Api::namespaced(client.clone(), gateway_names::NAMESPACE);
    let name = format!("{}-0", gateway_names::WORKLOAD);
    let end = tokio::time::Instant::now() + SEEN_WITHIN;
    while tokio::time::Instant::now() < end {
        let Some(set) = sets
            .get_opt(gateway_names::WORKLOAD)
            .await
            .context("the server's StatefulSet")?
        else {
            return Ok(());
        };
        let status = set.status.unwrap_or_default();
        if status.observed_generation >= set.metadata.generation {
            let Some(pod) = pods.get_opt(&name).await.context("the server's pod")? else {
                return Ok(());
            };
            let revision = pod
                .metadata
                .labels
                .and_then(|mut labels| labels.remove("controller-revision-hash"));
            if revision == status.update_revision {
                return Ok(());
            }
            let now = DeleteParams::default().grace_period(0);
            match pods.delete(&name, &now).await {
                Err(error) if !is_code(&error, 404) => {
                    return Err(error).context("the outdated server's pod");
                }
                _ => {}
            }
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

/// The gateway server, as its chart deployed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server {
    /// Replicas that are ready.
    pub ready: i32,
    /// Its pods read the handshake secret.
    pub needs_handshake: bool,
}

/// The server's StatefulSet or Deployment by its usual name; else whatever the release has of them, all of which must be ready.
/// `None` where there is neither.
pub async fn server(client: &Client) -> Result<Option<Server>, kube::Error> {
    let sets: Api<StatefulSet> = Api::namespaced(client.clone(), gateway_names::NAMESPACE);
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), gateway_names::NAMESPACE);
    let of_set = |set: &StatefulSet| Server {
        ready: set.status.as_ref().and_then(|s| s.ready_replicas).unwrap_or(0),
        needs_handshake: names_handshake(set.spec.as_ref().map(|spec| &spec.template)),
    };
    let of_deployment = |deployment: &Deployment| Server {
        ready: deployment
            .status
            .as_ref()
            .and_then(|s| s.ready_replicas)
            .unwrap_or(0),
        needs_handshake: names_handshake(deployment.spec.as_ref().map(|spec| &spec.template)),
    };
    if let Some(set) = sets.get_opt(gateway_names::WORKLOAD).await? {
        return Ok(Some(of_set(&set)));
    }
    if let Some(deployment) = deployments.get_opt(gateway_names::WORKLOAD).await? {
        return Ok(Some(of_deployment(&deployment)));
    }
    let everything = ListParams::default();
    let (sets, deployments) = tokio::try_join!(sets.list(&everything), deployments.list(&everything))?;
    let sets = sets.iter().filter(|set| is_of_release(&set.metadata)).map(of_set);
    let deployments = deployments
        .iter()
        .filter(|found| is_of_release(&found.metadata))
        .map(of_deployment);
    Ok(sets.chain(deployments).reduce(|one, other| Server {
        ready: one.ready.min(other.ready),
        needs_handshake: one.needs_handshake || other.needs_handshake,
    }))
}

/// Helm writes the release's name on all that it makes.
fn is_of_release(metadata: &ObjectMeta) -> bool {
    let annotations = metadata.annotations.as_ref();
    let name = annotations.and_then(|all| all.get("meta.helm.sh/release-name"));
    name.map(String::as_str) == Some(gateway_names::WORKLOAD)
}

fn names_handshake(template: Option<&PodTemplateSpec>) -> bool {
    let named = json!(gateway_names::HANDSHAKE_SECRET).to_string();
    serde_json::to_string(&template).is_ok_and(|text| text.contains(&named))
}

/// Does the API server know the node?
pub async fn knows_node(client: &Client, node: &str) -> Result<bool, kube::Error> {
    let nodes: Api<Node> = Api::all(client.clone());
    Ok(nodes.get_opt(node).await?.is_some())
}

/// Pressure that the node reports: names of conditions such as `DiskPressure`.
pub async fn node_pressure(client: &Client, node: &str) -> Result<Vec<String>, kube::Error> {
    let nodes: Api<Node> = Api::all(client.clone());
    let Some(node) = nodes.get_opt(node).await? else {
        return Ok(Vec::new());
    };
    let conditions = node
        .status
        .and_then(|status| status.conditions)
        .unwrap_or_default();
    let pressed = conditions
        .into_iter()
        .filter(|found| found.type_.ends_with("Pressure") && found.status == "True");
    Ok(pressed.map(|found| found.type_).collect())
}
