//! Sandboxes' own kind, as the cluster serves it.

use contract::Failure;
use gateway_names::SANDBOX_GROUP;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind};

use crate::{Session, Trouble};

/// The versions that are known, the newest first.
const VERSIONS: [&str; 2] = ["v1beta1", "v1alpha1"];

impl Session {
    /// `sandboxes.agents.x-k8s.io` in the newest version that is known and served, or in any; `None` if the cluster has no such kind.
    /// Its definition is asked for by name, because an API server that has just started answers 404 for every custom kind that it has
    /// not loaded yet, and leaves it out of its list of kinds.
    pub async fn sandboxes_served(&self) -> Result<Option<ApiResource>, Failure> {
        let definition = self.get(&self.everywhere(), &sandbox_definition()).await?;
        Ok(definition.and_then(|definition| newest(&served(definition))))
    }

    /// As [`Session::sandboxes_served`], on a cluster that did not start just now: that list is believed if the user may not read
    /// definitions (403).
    pub async fn sandboxes_served_or_listed(&self) -> Result<Option<ApiResource>, Failure> {
        let (definitions, name) = (
            self.everywhere::<CustomResourceDefinition>(),
            sandbox_definition(),
        );
        let what = format!("the API server to return CustomResourceDefinition {name}");
        let is_answer = |trouble| matches!(trouble, Trouble::Absent | Trouble::Forbidden).then_some(trouble);
        let found = self
            .request(&what, &name, || definitions.get(&name), is_answer)
            .await?;
        let versions = match found {
            Ok(definition) => served(definition),
            Err(Trouble::Forbidden) => self.versions_listed().await?,
            Err(_) => Vec::new(),
        };
        Ok(newest(&versions))
    }

    async fn versions_listed(&self) -> Result<Vec<String>, Failure> {
        let what = "the API server to list its kinds";
        let nothing = |_| None::<()>;
        let groups = self
            .request(what, "", || self.client.list_api_groups(), nothing)
            .await?
            .map_or_else(|()| Vec::new(), |list| list.groups);
        let group = groups.into_iter().find(|group| group.name == SANDBOX_GROUP);
        let versions = group.map(|group| group.versions).unwrap_or_default();
        Ok(versions.into_iter().map(|version| version.version).collect())
    }
}

/// The name of the definition of sandboxes.
pub fn sandbox_definition() -> String {
    format!("sandboxes.{SANDBOX_GROUP}")
}

fn served(definition: CustomResourceDefinition) -> Vec<String> {
    let versions = definition
        .spec
        .versions
        .into_iter()
        .filter(|version| version.served);
    versions.map(|version| version.name).collect()
}

fn newest(served: &[String]) -> Option<ApiResource> {
    let known = VERSIONS
        .into_iter()
        .find(|known| served.iter().any(|version| version == known));
    known.or(served.first().map(String::as_str)).map(sandbox_resource)
}

/// `sandboxes.agents.x-k8s.io` in a version.
pub fn sandbox_resource(version: &str) -> ApiResource {
    let kind = GroupVersionKind::gvk(SANDBOX_GROUP, version, "Sandbox");
    ApiResource::from_gvk_with_plural(&kind, "sandboxes")
}

/// Is a sandbox to run? v1beta1 says it by `operatingMode`, v1alpha1 by `replicas`.
pub fn sandbox_wants_to_run(sandbox: &DynamicObject) -> bool {
    let spec = &sandbox.data["spec"];
    spec["operatingMode"] != "Suspended" && spec["replicas"] != 0
}
