//! Sandboxes as the API server has them, as far as the handshake secret goes: custom objects and pods.

use std::borrow::Cow;
use std::fmt;

use gateway_names::HANDSHAKE_VARIABLE;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use kube::api::ApiResource;
use kube::core::DynamicResourceScope;
use serde::Deserialize;
use zeroize::Zeroizing;

/// A sandbox, from its custom object (the pod is a template in it) or from its pod.
#[derive(Clone, Debug, Deserialize)]
pub struct Sandbox {
    #[serde(default)]
    metadata: ObjectMeta,
    spec: Option<Spec>,
    status: Option<Status>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    containers: Option<Vec<Container>>,
    init_containers: Option<Vec<Container>>,
    pod_template: Option<PodTemplate>,
}

#[derive(Clone, Debug, Deserialize)]
struct PodTemplate {
    spec: Option<Box<Spec>>,
}

#[derive(Clone, Debug, Deserialize)]
struct Container {
    env: Option<Vec<Variable>>,
}

#[derive(Clone, Debug, Deserialize)]
struct Variable {
    name: Option<String>,
    value: Option<Hidden>,
}

#[derive(Clone, Debug, Deserialize)]
struct Status {
    phase: Option<String>,
}

/// A text that is wiped when dropped and never shown.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
struct Hidden(Zeroizing<String>);

impl From<String> for Hidden {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Hidden")
    }
}

impl Spec {
    fn values(&self) -> Vec<&str> {
        let containers = [&self.containers, &self.init_containers];
        let own = containers.into_iter().flatten().flatten();
        let own = own
            .flat_map(|container| container.env.iter().flatten())
            .filter(|variable| variable.name.as_deref() == Some(HANDSHAKE_VARIABLE))
            .filter_map(|variable| variable.value.as_ref())
            .map(|value| value.0.as_str());
        let template = self
            .pod_template
            .as_ref()
            .and_then(|template| template.spec.as_ref());
        own.chain(template.into_iter().flat_map(|spec| spec.values()))
            .collect()
    }
}

impl Sandbox {
    /// Its name; the pod of a sandbox has the sandbox's name.
    pub fn name(&self) -> &str {
        self.metadata.name.as_deref().unwrap_or_default()
    }

    /// Does it still run, or may it run again? One that is being deleted, or a pod that has ended, does not.
    pub fn is_live(&self) -> bool {
        let phase = self.status.as_ref().and_then(|status| status.phase.as_deref());
        self.metadata.deletion_timestamp.is_none() && !matches!(phase, Some("Succeeded" | "Failed"))
    }

    /// The handshake secrets that stand as literals in its containers' environment. An empty one is none: both sides refuse it.
    pub fn secrets(&self) -> Vec<&[u8]> {
        let values = self.spec.as_ref().map(Spec::values).unwrap_or_default();
        values
            .into_iter()
            .filter(|value| !value.is_empty())
            .map(str::as_bytes)
            .collect()
    }
}

impl Resource for Sandbox {
    type DynamicType = ApiResource;
    type Scope = DynamicResourceScope;

    fn kind(resource: &ApiResource) -> Cow<'_, str> {
        resource.kind.as_str().into()
    }

    fn group(resource: &ApiResource) -> Cow<'_, str> {
        resource.group.as_str().into()
    }

    fn version(resource: &ApiResource) -> Cow<'_, str> {
        resource.version.as_str().into()
    }

    fn plural(resource: &ApiResource) -> Cow<'_, str> {
        resource.plural.as_str().into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

/// Pods.
pub fn pods() -> ApiResource {
    let kind = kube::api::GroupVersionKind::gvk("", "v1", "Pod");
    ApiResource::from_gvk_with_plural(&kind, "pods")
}

#[cfg(test)]
mod tests {
    use super::Sandbox;
    use serde_json::{Value, json};

    fn read(object: Value) -> Sandbox {
        serde_json::from_value(object).unwrap()
    }

    fn containers() -> Value {
        json!([
            { "name": "side" },
            { "name": "empty", "env": null },
            { "name": "agent", "env": [
                { "name": "OTHER", "value": "no" },
                { "name": "OPENSHELL_SSH_HANDSHAKE_SECRET", "value": "carried-value" },
            ] },
            { "name": "by-reference", "env": [
                { "name": "OPENSHELL_SSH_HANDSHAKE_SECRET", "valueFrom": { "secretKeyRef": { "name": "x", "key": "y" } } },
                { "name": "OPENSHELL_SSH_HANDSHAKE_SECRET", "value": "" },
            ] },
        ])
    }

    #[test]
    fn finds_literals_in_custom_objects_and_in_pods() {
        let spec = json!({ "containers": containers() });
        let custom =
            read(json!({ "metadata": { "name": "a" }, "spec": { "podTemplate": { "spec": spec } } }));
        let pod = read(json!({ "metadata": { "name": "a" }, "spec": spec }));
        for sandbox in [custom, pod] {
            assert_eq!(sandbox.secrets(), [b"carried-value"]);
            assert!(!format!("{sandbox:?}").contains("carried-value"));
        }
        for without in [
            json!({}),
            json!({ "spec": {} }),
            json!({ "spec": { "podTemplate": {} } }),
        ] {
            assert!(read(without).secrets().is_empty());
        }
    }

    #[test]
    fn what_ends_is_not_live() {
        let dead = [
            json!({ "metadata": { "deletionTimestamp": "2026-01-01T00:00:00Z" } }),
            json!({ "status": { "phase": "Failed" } }),
            json!({ "status": { "phase": "Succeeded" } }),
        ];
        assert!(dead.into_iter().all(|object| !read(object).is_live()));
        assert!(read(json!({ "status": { "phase": "Pending" } })).is_live());
    }
}
