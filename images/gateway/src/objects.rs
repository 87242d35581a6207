//! What a sandbox is in Kubernetes: the custom object that holds its template, and the pod and volume claims made from
//! it. Pure construction, no requests.
//!
//! Source of the names: the sandboxes that OpenShell v0.0.22 to v0.0.36 make.

use anyhow::Context;
use gateway_names::{HANDSHAKE_VARIABLE, HOST_NAMES, SANDBOX_CONTAINER, SANDBOX_GROUP, SANDBOX_VERSION};
use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim, PersistentVolumeClaimVolumeSource, Pod, PodSpec, Volume,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::api::{ApiResource, DynamicObject, GroupVersionKind};
use nssh1::Secret;
use serde_json::{Value, json};

use crate::settings::SandboxSettings;
use crate::store::Record;

pub use gateway_names::SANDBOX_ID_LABEL as ID_LABEL;
/// Label of everything that a gateway makes.
pub const MANAGED_BY_LABEL: &str = "openshell.ai/managed-by";
/// The value of [`MANAGED_BY_LABEL`].
pub const MANAGED_BY: &str = "openshell";
/// The folder with the supervisor, on the node and in the container.
const SUPERVISOR_FOLDER: &str = "/opt/openshell/bin";
/// The user and the group that a sandbox runs as.
const USER: i64 = 1000;

/// `sandboxes.agents.x-k8s.io/v1alpha1`.
pub fn sandbox_resource() -> ApiResource {
    ApiResource::from_gvk_with_plural(
        &GroupVersionKind::gvk(SANDBOX_GROUP, SANDBOX_VERSION, "Sandbox"),
        "sandboxes",
    )
}

/// The custom object of a new sandbox. The handshake secret stands in its template as a literal, as OpenShell has it:
/// a gateway that later holds another secret cannot reach the sandbox.
pub fn sandbox(
    record: &Record,
    image: &str,
    settings: &SandboxSettings,
    secret: &Secret,
) -> anyhow::Result<DynamicObject> {
    let labels = json!({ ID_LABEL: record.id, MANAGED_BY_LABEL: MANAGED_BY });
    let aliases: Vec<Value> = settings
        .host_gateway_ip
        .iter()
        .map(|ip| json!({ "ip": ip, "hostnames": HOST_NAMES }))
        .collect();
    let object = json!({
        "apiVersion": format!("{SANDBOX_GROUP}/{SANDBOX_VERSION}"),
        "kind": "Sandbox",
        "metadata": { "name": record.name, "namespace": settings.namespace, "labels": labels },
        "spec": {
            "podTemplate": {
                "metadata": { "labels": labels },
                "spec": {
                    "automountServiceAccountToken": false,
                    "enableServiceLinks": false,
                    "terminationGracePeriodSeconds": 5,
                    "hostAliases": aliases,
                    "securityContext": {
                        "runAsNonRoot": true, "runAsUser": USER, "runAsGroup": USER, "fsGroup": USER,
                        "seccompProfile": { "type": "RuntimeDefault" },
                    },
                    "containers": [container(record, image, secret)],
                    "volumes": [{
                        "name": "supervisor",
                        "hostPath": { "path": SUPERVISOR_FOLDER, "type": "Directory" },
                    }],
                },
            },
            "volumeClaimTemplates": [{
                "metadata": { "name": "workspace" },
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "resources": { "requests": { "storage": "1Gi" } },
                },
            }],
        },
    });
    serde_json::from_value(object).context("the sandbox's object")
}

fn container(record: &Record, image: &str, secret: &Secret) -> Value {
    json!({
        "name": SANDBOX_CONTAINER,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": [format!("{SUPERVISOR_FOLDER}/openshell-sandbox")],
        "env": [
            { "name": HANDSHAKE_VARIABLE, "value": secret.expose() },
            { "name": "OPENSHELL_SANDBOX_TOKEN_SHA256", "value": record.token_sha256 },
        ],
        "ports": [{ "name": "nssh1", "containerPort": nssh1::PORT, "protocol": "TCP" }],
        "readinessProbe": { "tcpSocket": { "port": nssh1::PORT }, "periodSeconds": 1, "timeoutSeconds": 1 },
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "readOnlyRootFilesystem": true,
            "capabilities": { "drop": ["ALL"] },
        },
        "volumeMounts": [
            { "name": "supervisor", "mountPath": SUPERVISOR_FOLDER, "readOnly": true },
            { "name": "workspace", "mountPath": "/sandbox" },
        ],
    })
}

/// The volume claims that a sandbox's templates ask for, named `TEMPLATE-SANDBOX` and owned by the sandbox.
pub fn claims(sandbox: &DynamicObject) -> anyhow::Result<Vec<PersistentVolumeClaim>> {
    let mut claims = Vec::new();
    for template in claim_templates(sandbox)? {
        let name = claim_name(&template_name(&template)?, sandbox);
        let metadata = owned(sandbox, name)?;
        claims.push(PersistentVolumeClaim {
            metadata,
            spec: template.spec,
            status: None,
        });
    }
    Ok(claims)
}

/// The pod that a sandbox's template asks for, named as the sandbox and owned by it.
pub fn pod(sandbox: &DynamicObject) -> anyhow::Result<Pod> {
    let template = &sandbox.data["spec"]["podTemplate"];
    let mut spec: PodSpec =
        serde_json::from_value(template["spec"].clone()).context("spec.podTemplate.spec")?;
    let volumes = spec.volumes.get_or_insert_with(Vec::new);
    for template in claim_templates(sandbox)? {
        let name = template_name(&template)?;
        let claim_name = claim_name(&name, sandbox);
        volumes.retain(|volume| volume.name != name);
        volumes.push(Volume {
            name,
            persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                claim_name,
                read_only: None,
            }),
            ..Volume::default()
        });
    }
    let metadata: Option<ObjectMeta> =
        serde_json::from_value(template["metadata"].clone()).context("spec.podTemplate.metadata")?;
    let template = metadata.unwrap_or_default();
    let mut metadata = owned(
        sandbox,
        sandbox.metadata.name.clone().context("the sandbox has no name")?,
    )?;
    metadata.annotations = template.annotations;
    metadata
        .labels
        .get_or_insert_default()
        .extend(template.labels.unwrap_or_default());
    Ok(Pod {
        metadata,
        spec: Some(spec),
        status: None,
    })
}

fn claim_templates(sandbox: &DynamicObject) -> anyhow::Result<Vec<PersistentVolumeClaim>> {
    let templates: Option<_> = serde_json::from_value(sandbox.data["spec"]["volumeClaimTemplates"].clone())
        .context("spec.volumeClaimTemplates")?;
    Ok(templates.unwrap_or_default())
}

fn template_name(template: &PersistentVolumeClaim) -> anyhow::Result<String> {
    template
        .metadata
        .name
        .clone()
        .context("a volume claim template has no name")
}

fn claim_name(template: &str, sandbox: &DynamicObject) -> String {
    format!(
        "{template}-{}",
        sandbox.metadata.name.as_deref().unwrap_or_default()
    )
}

fn owned(sandbox: &DynamicObject, name: String) -> anyhow::Result<ObjectMeta> {
    let resource = sandbox_resource();
    Ok(ObjectMeta {
        name: Some(name),
        namespace: sandbox.metadata.namespace.clone(),
        labels: sandbox.metadata.labels.clone(),
        owner_references: Some(vec![OwnerReference {
            api_version: resource.api_version,
            kind: resource.kind,
            name: sandbox.metadata.name.clone().context("the sandbox has no name")?,
            uid: sandbox.metadata.uid.clone().context("the sandbox has no uid")?,
            controller: Some(true),
            block_owner_deletion: Some(true),
        }]),
        ..ObjectMeta::default()
    })
}

#[cfg(test)]
mod tests {
    use super::{ID_LABEL, MANAGED_BY_LABEL, claims, pod, sandbox};
    use crate::settings::SandboxSettings;
    use crate::store::Record;
    use kube::api::DynamicObject;
    use serde_json::{Value, json};

    fn made() -> DynamicObject {
        let record = Record {
            id: "id-1".to_owned(),
            name: "box".to_owned(),
            token_sha256: "hash".to_owned(),
            created_at: String::new(),
        };
        let settings = SandboxSettings {
            namespace: "space".to_owned(),
            image: "default:image".to_owned(),
            ssh_gateway_host: String::new(),
            ssh_gateway_port: 0,
            host_gateway_ip: Some("172.17.0.1".parse().unwrap()),
        };
        let mut object = sandbox(&record, "image:1", &settings, &"5ecret".parse().unwrap()).unwrap();
        object.metadata.uid = Some("uid-1".to_owned());
        object
    }

    #[test]
    fn the_pod_is_what_other_tools_look_for() {
        let pod = serde_json::to_value(pod(&made()).unwrap()).unwrap();
        assert_eq!(pod["metadata"]["name"], "box");
        assert_eq!(pod["metadata"]["namespace"], "space");
        assert_eq!(
            pod["metadata"]["labels"],
            json!({ ID_LABEL: "id-1", MANAGED_BY_LABEL: "openshell" })
        );
        let owner = json!([{
            "apiVersion": "agents.x-k8s.io/v1alpha1", "kind": "Sandbox", "name": "box", "uid": "uid-1",
            "controller": true, "blockOwnerDeletion": true,
        }]);
        assert_eq!(pod["metadata"]["ownerReferences"], owner);
        let container = &pod["spec"]["containers"][0];
        assert_eq!(container["name"], "agent");
        assert_eq!(container["image"], "image:1");
        assert_eq!(
            container["command"],
            json!(["/opt/openshell/bin/openshell-sandbox"])
        );
        let secret = json!({ "name": "OPENSHELL_SSH_HANDSHAKE_SECRET", "value": "5ecret" });
        assert_eq!(container["env"][0], secret);
        let supervisor = json!({ "name": "supervisor", "mountPath": "/opt/openshell/bin", "readOnly": true });
        assert_eq!(container["volumeMounts"][0], supervisor);
        assert_eq!(
            container["volumeMounts"][1],
            json!({ "name": "workspace", "mountPath": "/sandbox" })
        );
        let host_path = json!({ "path": "/opt/openshell/bin", "type": "Directory" });
        assert_eq!(
            pod["spec"]["volumes"][0],
            json!({ "name": "supervisor", "hostPath": host_path })
        );
        let workspace =
            json!({ "name": "workspace", "persistentVolumeClaim": { "claimName": "workspace-box" } });
        assert_eq!(pod["spec"]["volumes"][1], workspace);
        let names = json!(["host.docker.internal", "host.openshell.internal"]);
        assert_eq!(
            pod["spec"]["hostAliases"],
            json!([{ "ip": "172.17.0.1", "hostnames": names }])
        );
    }

    #[test]
    fn the_claim_is_owned_by_the_sandbox() {
        let claims = claims(&made()).unwrap();
        assert_eq!(claims.len(), 1);
        let claim = serde_json::to_value(&claims[0]).unwrap();
        assert_eq!(claim["metadata"]["name"], "workspace-box");
        assert_eq!(claim["metadata"]["ownerReferences"][0]["uid"], "uid-1");
        assert_eq!(claim["spec"]["accessModes"], json!(["ReadWriteOnce"]));
        assert_eq!(claim["spec"]["resources"]["requests"]["storage"], "1Gi");
    }

    #[test]
    fn a_template_that_is_no_pod_is_named() {
        let mut object = made();
        object.data["spec"]["podTemplate"]["spec"] = Value::from("text");
        assert!(format!("{:#}", pod(&object).unwrap_err()).starts_with("spec.podTemplate.spec"));
        object.data["spec"]["volumeClaimTemplates"] = json!([{ "spec": {} }]);
        assert!(claims(&object).is_err());
    }

    #[test]
    fn a_sandbox_without_claims_has_none() {
        let mut object = made();
        object.data["spec"]
            .as_object_mut()
            .unwrap()
            .remove("volumeClaimTemplates");
        assert!(claims(&object).unwrap().is_empty());
    }
}
