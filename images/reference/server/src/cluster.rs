//! The server's requests to Kubernetes: objects of sandboxes, and the pods that tunnels lead to.
//!
//! It needs, in the namespace of sandboxes: `get list watch create patch delete` on sandboxes, and `get` on pods.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use gateway_names::SANDBOX_GROUP;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::APIGroup;
use kube::api::{ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use kube_session::{Trouble, classify, explain, present};
use reference_base::program::Refused;
use serde_json::json;

use crate::objects::{self, ID_LABEL};
use crate::settings::{ApiVersion, SandboxSettings};

/// How long Kubernetes may take to answer at the start.
const FIRST_ANSWER: Duration = Duration::from_secs(10);

/// Kubernetes as the server uses it.
pub struct Cluster {
    /// The API version of sandboxes.
    pub version: ApiVersion,
    sandboxes: Api<DynamicObject>,
    pods: Api<Pod>,
}

/// What is left of an object that was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// Nothing.
    Gone,
    /// It is still there, with finalizers.
    Going,
}

/// A client, once Kubernetes answered. A server that cannot reach it ends, as OpenShell's does.
pub async fn client() -> Result<Client, Refused> {
    let wrong = |error: &dyn fmt::Display| {
        Refused::configuration(format!(
            "no way to Kubernetes: {error}; run it in a pod, or set KUBECONFIG"
        ))
    };
    let mut config = kube::Config::infer().await.map_err(|error| wrong(&error))?;
    config.connect_timeout = Some(Duration::from_secs(5));
    let client = Client::try_from(config).map_err(|error| wrong(&error))?;
    let unreachable = |cause: &str| Refused {
        message: format!("Kubernetes cannot be reached: {cause}"),
        code: 1,
    };
    match tokio::time::timeout(FIRST_ANSWER, client.apiserver_version()).await {
        Ok(Ok(_)) => Ok(client),
        Ok(Err(error)) => Err(unreachable(&explain(&error))),
        Err(_) => Err(unreachable("no answer")),
    }
}

impl Cluster {
    /// For the sandboxes of `settings`.
    pub async fn new(client: Client, settings: &SandboxSettings) -> Self {
        let version = match settings.api_version {
            Some(version) => version,
            None => served(&client).await,
        };
        let resource = objects::resource(version);
        Self {
            version,
            sandboxes: Api::namespaced_with(client.clone(), &settings.namespace, &resource),
            pods: Api::namespaced(client, &settings.namespace),
        }
    }

    /// The objects, to watch them.
    pub fn sandboxes(&self) -> (Api<DynamicObject>, ApiResource) {
        (self.sandboxes.clone(), objects::resource(self.version))
    }

    /// Makes an object.
    pub async fn create(&self, object: &DynamicObject) -> Result<(), kube::Error> {
        self.sandboxes
            .create(&PostParams::default(), object)
            .await
            .map(drop)
    }

    /// Deletes an object. Its absence is what was wanted.
    pub async fn delete(&self, object: &str) -> Result<Deleted, kube::Error> {
        match self.sandboxes.delete(object, &DeleteParams::background()).await {
            Ok(answer) if answer.is_left() => Ok(Deleted::Going),
            Ok(_) => Ok(Deleted::Gone),
            Err(error) if classify(&error, object) == Trouble::Absent => Ok(Deleted::Gone),
            Err(error) => Err(error),
        }
    }

    /// Says whether a sandbox is to run.
    pub async fn set_running(&self, object: &str, running: bool) -> Result<(), kube::Error> {
        let spec = match (self.version, running) {
            (ApiVersion::V1Beta1, true) => json!({ "operatingMode": "Running" }),
            (ApiVersion::V1Beta1, false) => json!({ "operatingMode": "Suspended" }),
            (ApiVersion::V1Alpha1, running) => json!({ "replicas": i32::from(running) }),
        };
        let patch = Patch::Merge(json!({ "spec": spec }));
        self.sandboxes
            .patch(object, &PatchParams::default(), &patch)
            .await
            .map(drop)
    }

    /// The ids of all objects that `selector` finds.
    pub async fn ids(&self, selector: &str) -> Result<HashSet<String>, kube::Error> {
        let found = self
            .sandboxes
            .list(&ListParams::default().labels(selector))
            .await?;
        Ok(found.items.iter().filter_map(id_of).collect())
    }

    /// An object; `None`: its absence is proven.
    pub async fn object(&self, name: &str) -> Result<Option<DynamicObject>, kube::Error> {
        present(self.sandboxes.get(name).await, name)
    }

    /// A pod; `None`: its absence is proven.
    pub async fn pod(&self, name: &str) -> Result<Option<Pod>, kube::Error> {
        present(self.pods.get(name).await, name)
    }
}

/// The id that an object is labelled with.
pub fn id_of(object: &DynamicObject) -> Option<String> {
    object.metadata.labels.as_ref()?.get(ID_LABEL).cloned()
}

/// The newest version of sandboxes that Kubernetes serves.
async fn served(client: &Client) -> ApiVersion {
    let Ok(request) = http::Request::get(format!("/apis/{SANDBOX_GROUP}")).body(Vec::new()) else {
        return ApiVersion::V1Beta1;
    };
    match client.request::<APIGroup>(request).await {
        Ok(group) if !group.versions.iter().any(|version| version.version == "v1beta1") => {
            ApiVersion::V1Alpha1
        }
        // Without the group nothing can be made; the watch says so again and again.
        Ok(_) | Err(_) => ApiVersion::V1Beta1,
    }
}
