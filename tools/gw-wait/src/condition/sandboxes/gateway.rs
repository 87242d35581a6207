//! Which gateway the sandboxes are of: its id, as its server's workload or the ConfigMap that the workload mounts has it.

use contract::Failure;
use gateway_names::{GATEWAY_ID_VARIABLE, SERVER_CONFIG_KEY, WORKLOAD};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{ConfigMap, PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use kube_session::{Session, Trouble, WorkloadKind};
use serde::de::DeserializeOwned;

/// Where charts write what a workload is: the server's has the same value in every release.
pub const APP_LABEL: &str = "app.kubernetes.io/name";

/// A gateway, as its sandboxes know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// The value of label openshell.ai/gateway-id; `None` if its server has no id, or the user may not read it.
    pub id: Option<String>,
    /// The value of label app.kubernetes.io/name of its server's workload.
    pub app: String,
}

/// A workload, as far as it counts here.
#[derive(Default)]
struct Server {
    app: Option<String>,
    pods: PodSpec,
}

/// Reads it. What the user may not read is as if it were not there.
pub async fn of_server(session: &Session) -> Result<Gateway, Failure> {
    let mut server = None;
    for kind in session.workload.kinds() {
        server = match kind {
            WorkloadKind::StatefulSet => read::<StatefulSet>(session, "StatefulSet", &session.workload.name)
                .await?
                .map(Server::from),
            WorkloadKind::Deployment => read::<Deployment>(session, "Deployment", &session.workload.name)
                .await?
                .map(Server::from),
        };
        if server.is_some() {
            break;
        }
    }
    let server = server.unwrap_or_default();
    let mut id = id_by_variable(&server.pods);
    for name in config_maps(&server.pods) {
        if id.is_none() {
            let map = read::<ConfigMap>(session, "ConfigMap", &name).await?;
            id = map.as_ref().and_then(id_by_settings);
        }
    }
    Ok(Gateway {
        id,
        app: server.app.unwrap_or_else(|| WORKLOAD.to_owned()),
    })
}

async fn read<K>(session: &Session, kind: &str, name: &str) -> Result<Option<K>, Failure>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + DeserializeOwned
        + std::fmt::Debug,
{
    let api = session.namespaced::<K>();
    let what = format!("the API server to return {kind} {name}");
    let is_answer = |trouble| matches!(trouble, Trouble::Absent | Trouble::Forbidden).then_some(());
    let found = session.request(&what, name, || api.get(name), is_answer).await?;
    Ok(found.ok())
}

impl Server {
    fn new(metadata: ObjectMeta, template: Option<PodTemplateSpec>) -> Self {
        Self {
            app: metadata.labels.and_then(|mut labels| labels.remove(APP_LABEL)),
            pods: template.and_then(|template| template.spec).unwrap_or_default(),
        }
    }
}

impl From<StatefulSet> for Server {
    fn from(set: StatefulSet) -> Self {
        Self::new(set.metadata, set.spec.map(|spec| spec.template))
    }
}

impl From<Deployment> for Server {
    fn from(deployment: Deployment) -> Self {
        Self::new(deployment.metadata, deployment.spec.map(|spec| spec.template))
    }
}

fn id_by_variable(pods: &PodSpec) -> Option<String> {
    let mut variables = pods
        .containers
        .iter()
        .flat_map(|container| container.env.iter().flatten());
    let variable = variables.find(|variable| variable.name == GATEWAY_ID_VARIABLE)?;
    variable.value.clone().filter(|value| !value.is_empty())
}

/// The ConfigMaps that a pod mounts.
fn config_maps(pods: &PodSpec) -> Vec<String> {
    let volumes = pods.volumes.iter().flatten();
    let maps = volumes.filter_map(|volume| volume.config_map.as_ref().map(|map| map.name.clone()));
    maps.collect()
}

fn id_by_settings(map: &ConfigMap) -> Option<String> {
    let text = map.data.as_ref()?.get(SERVER_CONFIG_KEY)?;
    let settings = text.parse::<toml::Table>().ok()?;
    let openshell = settings.get("openshell")?;
    let drivers = || openshell.get("drivers")?.get("kubernetes")?.get("gateway_id");
    let tokens = || openshell.get("gateway")?.get("gateway_jwt")?.get("gateway_id");
    drivers().or_else(tokens)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(text: &str) -> Option<String> {
        let map = json!({ "data": { "gateway.toml": text } });
        id_by_settings(&serde_json::from_value(map).expect("a ConfigMap"))
    }

    #[test]
    fn the_id_is_read_from_variables_and_settings() {
        let pods: PodSpec = serde_json::from_value(json!({
            "containers": [{ "name": "a" }, { "name": "b", "env": [
                { "name": "OTHER", "value": "x" }, { "name": "OPENSHELL_GATEWAY_ID", "value": "gw" }] }],
            "volumes": [{ "name": "v", "configMap": { "name": "openshell-config" } }, { "name": "w", "emptyDir": {} }],
        }))
        .expect("a pod's spec");
        assert_eq!(id_by_variable(&pods).as_deref(), Some("gw"));
        assert_eq!(config_maps(&pods), ["openshell-config"]);
        assert_eq!(id_by_variable(&PodSpec::default()), None);
        let tokens = "[openshell.gateway.gateway_jwt]\ngateway_id = \"tokens\"\n";
        assert_eq!(settings(tokens).as_deref(), Some("tokens"));
        let both = format!("{tokens}[openshell.drivers.kubernetes]\ngateway_id = \"driver\"\n");
        assert_eq!(settings(&both).as_deref(), Some("driver"));
        for without in ["", "[openshell]\nversion = 1\n", "not = [toml"] {
            assert_eq!(settings(without), None, "{without}");
        }
    }
}
