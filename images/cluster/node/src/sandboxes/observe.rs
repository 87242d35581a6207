//! Reads what the API server knows of sandboxes.

use std::collections::HashSet;

use anyhow::Context;
use gateway_names::{MANAGED_BY, MANAGED_BY_LABEL, SANDBOX_ENDED, SANDBOX_ID_LABEL, SANDBOX_POD_ANNOTATION};
use k8s_openapi::api::coordination::v1::Lease as ApiLease;
use k8s_openapi::api::core::v1::Pod as ApiPod;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::api::{ApiResource, DynamicObject, ListParams};
use kube::{Api, Client};
use kube_session::{present, sandbox_definition, sandbox_resource, sandbox_wants_to_run};
use serde_json::Value;

use super::plan::{Lease, Observed, Pod, Sandbox, Server};

/// Where a sandbox's supervisor dials, in its environment.
const ENDPOINT: &str = "OPENSHELL_ENDPOINT";

/// What sandboxes are told by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToldBy {
    /// Their own objects.
    Objects,
    /// Their pods: a webhook may keep objects from being read, because it is a pod, and none runs yet.
    Pods,
}

/// What is there, and the version of the API by which sandboxes were read; `None`: they were not.
pub struct Seen {
    /// What the API server knows.
    pub observed: Observed,
    /// How sandboxes are written.
    pub resource: Option<ApiResource>,
}

/// Reads it all.
pub async fn observe(client: &Client, told_by: ToldBy) -> anyhow::Result<Seen> {
    let nothing = Seen {
        observed: Observed::default(),
        resource: None,
    };
    let versions = versions(client).await.context("the definition of sandboxes")?;
    if versions.is_empty() {
        return Ok(nothing);
    }
    let (mut sandboxes, mut resource) = (Vec::new(), None);
    if told_by == ToldBy::Objects {
        let (found, by) = sandbox_objects(client, versions)
            .await
            .context("the list of sandboxes")?;
        if found.is_empty() {
            return Ok(nothing);
        }
        (sandboxes, resource) = (found, Some(by));
    }
    let all = ListParams::default();
    let pods: Api<ApiPod> = Api::all(client.clone());
    let leases: Api<ApiLease> = Api::all(client.clone());
    let pods = pods.list(&all).await.context("the list of pods")?.items;
    let leases = leases.list(&all).await.context("the list of leases")?.items;
    if told_by == ToldBy::Pods {
        sandboxes = pods.iter().filter_map(sandbox_of_pod).collect();
    }
    let observed = Observed {
        sandboxes,
        pods: pods.iter().filter_map(pod).collect(),
        leases: leases.into_iter().filter_map(lease).collect(),
    };
    Ok(Seen { observed, resource })
}

/// The versions that sandboxes are served in; none if Kubernetes does not know sandboxes. The definition is asked for, not the API group:
/// the list of groups is made in the background, and is not whole at first. The stored version comes first: it needs no conversion.
async fn versions(client: &Client) -> Result<Vec<ApiResource>, kube::Error> {
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let name = sandbox_definition();
    let definition = present(definitions.get(&name).await, &name)?;
    let mut versions = definition.map_or_else(Vec::new, |found| found.spec.versions);
    versions.retain(|version| version.served);
    versions.sort_by_key(|version| !version.storage);
    Ok(versions
        .iter()
        .map(|version| sandbox_resource(&version.name))
        .collect())
}

/// OpenShell's sandboxes, by the first version that can be read.
async fn sandbox_objects(
    client: &Client,
    versions: Vec<ApiResource>,
) -> anyhow::Result<(Vec<Sandbox>, ApiResource)> {
    let mut refused = anyhow::anyhow!("no version is served");
    for resource in versions {
        let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
        match api.list(&ListParams::default()).await {
            Ok(list) => return Ok((list.items.iter().filter_map(sandbox).collect(), resource)),
            Err(error) => refused = anyhow::Error::from(error).context(resource.api_version),
        }
    }
    Err(refused)
}

/// The uids of the pods of sandboxes.
pub async fn pod_uids(client: &Client) -> Result<HashSet<String>, kube::Error> {
    let pods: Api<ApiPod> = Api::all(client.clone());
    let pods = pods
        .list_metadata(&ListParams::default())
        .await?
        .items
        .into_iter();
    let ours = pods.map(|pod| pod.metadata).filter(is_openshells);
    Ok(ours.filter_map(|metadata| metadata.uid).collect())
}

/// Objects of the first releases may have no more than [`SANDBOX_ID_LABEL`].
fn is_openshells(metadata: &ObjectMeta) -> bool {
    let labels = metadata.labels.as_ref();
    labels.is_some_and(|labels| {
        labels.get(MANAGED_BY_LABEL).map(String::as_str) == Some(MANAGED_BY)
            || labels.contains_key(SANDBOX_ID_LABEL)
    })
}

fn sandbox(object: &DynamicObject) -> Option<Sandbox> {
    let metadata = &object.metadata;
    if !is_openshells(metadata) {
        return None;
    }
    let (spec, namespace) = (&object.data["spec"], metadata.namespace.clone()?);
    let conditions = object.data["status"]["conditions"].as_array();
    let told = conditions
        .into_iter()
        .flatten()
        .find(|one| one["type"] == "Ready");
    let annotations = metadata.annotations.as_ref();
    Some(Sandbox {
        name: metadata.name.clone()?,
        uid: metadata.uid.clone()?,
        wants_to_run: sandbox_wants_to_run(object) && metadata.deletion_timestamp.is_none(),
        ended: told.is_some_and(|ready| {
            ready["status"] == "False" && SANDBOX_ENDED.iter().any(|reason| ready["reason"] == *reason)
        }),
        named_pod: annotations
            .and_then(|all| all.get(SANDBOX_POD_ANNOTATION))
            .cloned(),
        server: server(&namespace, &spec["podTemplate"]["spec"]),
        namespace,
    })
}

/// A sandbox of which no more is known than its pod. It is taken for one that wants to run: a suspended one loses its pod either way.
fn sandbox_of_pod(pod: &ApiPod) -> Option<Sandbox> {
    let owner = controller(&pod.metadata).filter(|owner| owner.kind == "Sandbox")?;
    if !is_openshells(&pod.metadata) {
        return None;
    }
    let namespace = pod.metadata.namespace.clone()?;
    Some(Sandbox {
        name: owner.name.clone(),
        uid: owner.uid.clone(),
        wants_to_run: true,
        ended: false,
        named_pod: None,
        server: server(&namespace, &serde_json::to_value(&pod.spec).ok()?),
        namespace,
    })
}

/// The Service by which the supervisor of this pod dials its server. One that dials elsewhere, or does not dial, is the usual server's.
fn server(namespace: &str, pod_spec: &Value) -> Server {
    let containers = pod_spec["containers"].as_array().into_iter().flatten();
    let mut variables = containers.flat_map(|container| container["env"].as_array().into_iter().flatten());
    let endpoint = variables.find(|variable| variable["name"] == ENDPOINT);
    endpoint
        .and_then(|endpoint| service(namespace, endpoint["value"].as_str()?))
        .unwrap_or_else(|| Server {
            namespace: namespace.to_owned(),
            name: gateway_names::WORKLOAD.to_owned(),
            port: None,
        })
}

/// `https://NAME.NAMESPACE.svc.cluster.local:PORT` and what the cluster's DNS takes for the same: without the domain, without the namespace.
fn service(own_namespace: &str, endpoint: &str) -> Option<Server> {
    let uri: http::Uri = endpoint.parse().ok()?;
    let mut labels = uri.host()?.split('.');
    let (name, namespace) = (labels.next()?, labels.next().unwrap_or(own_namespace));
    let domain: Vec<&str> = labels.collect();
    let is_service = matches!(domain[..], [] | ["svc"] | ["svc", "cluster", "local"]);
    // Such names lead to the Docker host.
    let is_host =
        gateway_names::HOST_NAMES.contains(&uri.host()?) || name.bytes().all(|byte| byte.is_ascii_digit());
    (is_service && !is_host).then(|| Server {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        port: uri.port_u16(),
    })
}

fn controller(metadata: &ObjectMeta) -> Option<&OwnerReference> {
    let owners = metadata.owner_references.as_deref().unwrap_or_default();
    owners.iter().find(|owner| owner.controller == Some(true))
}

fn pod(pod: &ApiPod) -> Option<Pod> {
    let (metadata, spec) = (&pod.metadata, pod.spec.as_ref()?);
    let status = pod.status.clone().unwrap_or_default();
    let name = metadata.name.clone()?;
    let is_running = status.phase.as_deref() == Some("Running");
    // The kubelet cuts a name that is no hostname.
    let own_hostname = name.get(..63).unwrap_or(&name).trim_end_matches(['-', '.']);
    let hostname = match (&spec.hostname, &spec.node_name) {
        (_, Some(node)) if spec.host_network == Some(true) => node,
        (Some(hostname), _) => hostname,
        _ => own_hostname,
    };
    Some(Pod {
        namespace: metadata.namespace.clone()?,
        uid: metadata.uid.clone()?,
        version: metadata.resource_version.clone()?,
        hostname: hostname.to_owned(),
        node: spec.node_name.clone().filter(|node| !node.is_empty()),
        owner: controller(metadata).map(|owner| owner.uid.clone()),
        created: metadata.creation_timestamp.as_ref()?.0,
        reported: status.start_time.is_some() || status.container_statuses.is_some(),
        restarts: is_running
            && spec.restart_policy.as_deref() == Some("Always")
            && metadata.deletion_timestamp.is_none(),
        name,
    })
}

fn lease(lease: ApiLease) -> Option<Lease> {
    let spec = lease.spec.unwrap_or_default();
    Some(Lease {
        namespace: lease.metadata.namespace?,
        name: lease.metadata.name?,
        uid: lease.metadata.uid?,
        version: lease.metadata.resource_version?,
        holder: spec.holder_identity.unwrap_or_default(),
        renewed: spec.renew_time.map(|time| time.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(change: impl FnOnce(&mut Value)) -> Option<Sandbox> {
        let environment =
            json!([{ "name": ENDPOINT, "value": "https://openshell.space.svc.cluster.local:8080" }]);
        let mut object = json!({
            "apiVersion": "agents.x-k8s.io/v1beta1", "kind": "Sandbox",
            "metadata": {
                "namespace": "boxes", "name": "box", "uid": "u",
                "labels": { "openshell.ai/managed-by": "openshell", SANDBOX_ID_LABEL: "id" },
            },
            "spec": {
                "operatingMode": "Running",
                "podTemplate": { "spec": { "containers": [{ "name": "agent", "env": environment }] } },
            },
        });
        change(&mut object);
        sandbox(&serde_json::from_value(object).unwrap())
    }

    #[test]
    fn a_sandbox_is_openshells_by_either_label() {
        assert!(object(|_| ()).is_some());
        assert!(object(|object| object["metadata"]["labels"] = json!({ SANDBOX_ID_LABEL: "id" })).is_some());
        assert!(
            object(|object| object["metadata"]["labels"] = json!({ MANAGED_BY_LABEL: "openshell" }))
                .is_some()
        );
        assert!(
            object(|object| object["metadata"]["labels"] = json!({ MANAGED_BY_LABEL: "other" })).is_none()
        );
        assert!(object(|object| object["metadata"]["labels"] = Value::Null).is_none());
    }

    #[test]
    fn a_suspended_or_deleted_sandbox_does_not_want_to_run() {
        let wants = |change: fn(&mut Value)| object(change).unwrap().wants_to_run;
        assert!(wants(|_| ()));
        assert!(!wants(
            |object| object["spec"]["operatingMode"] = json!("Suspended")
        ));
        assert!(!wants(|object| object["spec"] = json!({ "replicas": 0 })));
        assert!(wants(|object| object["spec"] = json!({ "replicas": 1 })));
        assert!(!wants(
            |object| object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z")
        ));
    }

    #[test]
    fn conditions_tell_that_a_pod_ended() {
        let ended = |status: &str, reason: &str| {
            let condition = json!({ "type": "Ready", "status": status, "reason": reason });
            object(|object| object["status"] = json!({ "conditions": [condition] }))
                .unwrap()
                .ended
        };
        assert!(ended("False", "PodFailed") && ended("False", "PodSucceeded"));
        assert!(!ended("False", "DependenciesNotReady") && !ended("True", "DependenciesReady"));
        assert!(!object(|_| ()).unwrap().ended);
    }

    #[test]
    fn the_server_is_the_service_that_the_supervisor_dials() {
        let usual = ("boxes", "openshell", None);
        for (endpoint, expected) in [
            (
                "https://gw.space.svc.cluster.local:8080",
                ("space", "gw", Some(8080)),
            ),
            ("http://gw.space.svc:80", ("space", "gw", Some(80))),
            ("https://gw.space", ("space", "gw", None)),
            ("https://gw:8080", ("boxes", "gw", Some(8080))),
            ("https://host.openshell.internal:8080", usual),
            ("https://gateway.example.com:8080", usual),
            ("https://192.0.2.7:8080", usual),
            ("", usual),
        ] {
            let container = json!({ "env": [{ "name": ENDPOINT, "value": endpoint }] });
            let server = server("boxes", &json!({ "containers": [container] }));
            let seen = (server.namespace.as_str(), server.name.as_str(), server.port);
            assert_eq!(seen, expected, "{endpoint}");
        }
        assert_eq!(server("boxes", &Value::Null).name, "openshell");
    }

    fn api_pod(change: impl FnOnce(&mut Value)) -> ApiPod {
        let owner = json!({ "apiVersion": "agents.x-k8s.io/v1beta1", "kind": "Sandbox", "name": "box", "uid": "u", "controller": true });
        let mut pod = json!({
            "metadata": {
                "namespace": "boxes", "name": "box", "uid": "p", "resourceVersion": "1",
                "creationTimestamp": "2026-01-01T00:00:00Z", "ownerReferences": [owner],
                "labels": { SANDBOX_ID_LABEL: "id" },
            },
            "spec": { "nodeName": "here", "restartPolicy": "Never", "containers": [] },
            "status": { "phase": "Running", "startTime": "2026-01-01T00:00:01Z" },
        });
        change(&mut pod);
        serde_json::from_value(pod).unwrap()
    }

    #[test]
    fn a_pod_is_seen_as_it_is() {
        let seen = |change: fn(&mut Value)| pod(&api_pod(change)).unwrap();
        let usual = seen(|_| ());
        assert_eq!(
            (usual.owner.as_deref(), usual.node.as_deref()),
            (Some("u"), Some("here"))
        );
        assert!(usual.reported && !usual.restarts);
        assert!(seen(|pod| pod["spec"]["restartPolicy"] = json!("Always")).restarts);
        let pending = seen(|pod| {
            pod["spec"]["restartPolicy"] = json!("Always");
            pod["status"] = json!({ "phase": "Pending" });
        });
        assert!(!pending.reported && !pending.restarts);
        assert_eq!(seen(|pod| pod["spec"]["nodeName"] = Value::Null).node, None);
    }

    #[test]
    fn a_hostname_is_the_pods_name_unless_it_says_otherwise() {
        let hostname = |change: fn(&mut Value)| pod(&api_pod(change)).unwrap().hostname;
        assert_eq!(hostname(|_| ()), "box");
        assert_eq!(hostname(|pod| pod["spec"]["hostname"] = json!("own")), "own");
        assert_eq!(hostname(|pod| pod["spec"]["hostNetwork"] = json!(true)), "here");
        let long = hostname(|pod| pod["metadata"]["name"] = json!(format!("{}-{}", "a".repeat(62), "b")));
        assert_eq!(long, "a".repeat(62));
    }

    #[test]
    fn a_pod_tells_of_its_sandbox() {
        let told = sandbox_of_pod(&api_pod(|_| ())).unwrap();
        assert_eq!(
            (told.name.as_str(), told.uid.as_str(), told.wants_to_run),
            ("box", "u", true)
        );
        assert!(sandbox_of_pod(&api_pod(|pod| pod["metadata"]["labels"] = Value::Null)).is_none());
        assert!(
            sandbox_of_pod(&api_pod(
                |pod| pod["metadata"]["ownerReferences"][0]["kind"] = json!("Job")
            ))
            .is_none()
        );
    }
}
