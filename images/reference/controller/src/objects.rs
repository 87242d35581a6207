//! The pod and the volume claims that a sandbox's object asks for. Pure construction, no requests.

use anyhow::Context;
use gateway_names::SANDBOX_POD_LABEL;
use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim, PersistentVolumeClaimVolumeSource, Pod, PodSpec, Volume,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::api::DynamicObject;

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
    let mut metadata = owned(sandbox, name_of(sandbox)?.to_owned())?;
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

fn name_of(sandbox: &DynamicObject) -> anyhow::Result<&str> {
    sandbox
        .metadata
        .name
        .as_deref()
        .context("the sandbox has no name")
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

/// FNV-1a, 32 bits, in hex: a label's value is at most 63 characters long, a name is not.
fn name_hash(name: &str) -> String {
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    format!("{hash:08x}")
}

fn owned(sandbox: &DynamicObject, name: String) -> anyhow::Result<ObjectMeta> {
    let types = sandbox.types.clone().context("the sandbox has no version")?;
    let mut labels = sandbox.metadata.labels.clone().unwrap_or_default();
    labels.insert(SANDBOX_POD_LABEL.to_owned(), name_hash(name_of(sandbox)?));
    Ok(ObjectMeta {
        name: Some(name),
        namespace: sandbox.metadata.namespace.clone(),
        labels: Some(labels),
        owner_references: Some(vec![OwnerReference {
            api_version: types.api_version,
            kind: types.kind,
            name: name_of(sandbox)?.to_owned(),
            uid: sandbox.metadata.uid.clone().context("the sandbox has no uid")?,
            controller: Some(true),
            block_owner_deletion: Some(true),
        }]),
        ..ObjectMeta::default()
    })
}

#[cfg(test)]
mod tests {
    use super::{claims, pod};
    use gateway_names::SANDBOX_POD_LABEL;
    use kube::api::DynamicObject;
    use kube_session::sandbox_wants_to_run;
    use serde_json::{Value, json};

    fn made() -> DynamicObject {
        let labels = json!({ "openshell.ai/sandbox-id": "id-1" });
        let spec = json!({ "containers": [{ "name": "agent" }], "restartPolicy": "Never" });
        let claim = json!({
            "metadata": { "name": "workspace" },
            "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } },
        });
        serde_json::from_value(json!({
            "apiVersion": "agents.x-k8s.io/v1beta1", "kind": "Sandbox",
            "metadata": { "name": "box", "namespace": "space", "uid": "uid-1", "labels": labels },
            "spec": {
                "podTemplate": { "metadata": { "labels": labels }, "spec": spec },
                "volumeClaimTemplates": [claim],
            },
        }))
        .unwrap()
    }

    #[test]
    fn the_pod_is_owned_and_has_its_claim() {
        let pod = serde_json::to_value(pod(&made()).unwrap()).unwrap();
        assert_eq!(pod["metadata"]["name"], "box");
        assert_eq!(pod["metadata"]["namespace"], "space");
        assert_eq!(pod["metadata"]["labels"]["openshell.ai/sandbox-id"], "id-1");
        assert_eq!(
            pod["metadata"]["labels"][SANDBOX_POD_LABEL]
                .as_str()
                .map(str::len),
            Some(8)
        );
        let owner = json!([{
            "apiVersion": "agents.x-k8s.io/v1beta1", "kind": "Sandbox", "name": "box", "uid": "uid-1",
            "controller": true, "blockOwnerDeletion": true,
        }]);
        assert_eq!(pod["metadata"]["ownerReferences"], owner);
        assert_eq!(pod["spec"]["restartPolicy"], "Never");
        let workspace =
            json!({ "name": "workspace", "persistentVolumeClaim": { "claimName": "workspace-box" } });
        assert_eq!(pod["spec"]["volumes"], json!([workspace]));
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
    fn a_template_that_is_not_a_pod_is_named() {
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

    #[test]
    fn either_version_suspends_a_sandbox() {
        let mut object = made();
        for (spec, runs) in [
            (json!({}), true),
            (json!({ "operatingMode": "Running" }), true),
            (json!({ "operatingMode": "Suspended" }), false),
            (json!({ "replicas": 1 }), true),
            (json!({ "replicas": 0 }), false),
        ] {
            object.data["spec"] = spec;
            assert_eq!(sandbox_wants_to_run(&object), runs, "{:?}", object.data["spec"]);
        }
    }
}
