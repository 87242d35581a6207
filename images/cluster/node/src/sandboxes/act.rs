//! Does what was planned.

use std::fmt::Debug;

use anyhow::{Context, bail};
use gateway_names::SANDBOX_POD_ANNOTATION;
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease as ApiLease;
use k8s_openapi::api::core::v1::Pod as ApiPod;
use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, Preconditions};
use kube::{Api, Client};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::plan::{Here, Lease, Plan, Sandbox, own_holder};
use crate::cluster::is_code;

/// How long a holder that is silent keeps a lease, in seconds: controller-runtime's default.
const DURATION: u32 = 15;

/// Does it all; the leases are then in the version that was written. The annotation goes before the pod that it names: with it alone
/// Agent Sandbox v0.3.10 would make no pod.
pub async fn act(
    client: &Client,
    here: &Here,
    plan: &Plan,
    resource: Option<&ApiResource>,
) -> anyhow::Result<Vec<Lease>> {
    let mut held = Vec::new();
    for lease in &plan.hold {
        held.push(hold(client, here, lease).await?);
    }
    if let Some(resource) = resource {
        for sandbox in &plan.unname {
            unname(client, resource, sandbox).await?;
        }
    }
    for (pod, as_seen) in &plan.delete {
        let api: Api<ApiPod> = Api::namespaced(client.clone(), &pod.namespace);
        let same = Preconditions {
            uid: Some(pod.uid.clone()),
            resource_version: as_seen.then(|| pod.version.clone()),
        };
        delete(&api, &pod.name, same)
            .await
            .with_context(|| format!("pod {}", pod.name))?;
    }
    for lease in &plan.expire {
        let api: Api<ApiLease> = Api::namespaced(client.clone(), &lease.namespace);
        let same = Preconditions {
            uid: Some(lease.uid.clone()),
            resource_version: Some(lease.version.clone()),
        };
        delete(&api, &lease.name, same)
            .await
            .with_context(|| format!("lease {}", lease.name))?;
    }
    Ok(held)
}

/// Takes a lease, or renews one. A conflict says that somebody else wrote it meanwhile.
pub async fn hold(client: &Client, here: &Here, lease: &Lease) -> anyhow::Result<Lease> {
    write(client, lease, &own_holder(here), DURATION).await
}

/// Leaves a lease to whoever wants it, as client-go does.
pub async fn give_back(client: &Client, lease: &Lease) -> anyhow::Result<Lease> {
    write(client, lease, "", 1).await
}

async fn write(client: &Client, lease: &Lease, holder: &str, seconds: u32) -> anyhow::Result<Lease> {
    let api: Api<ApiLease> = Api::namespaced(client.clone(), &lease.namespace);
    let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string();
    let mut spec = json!({ "holderIdentity": holder, "leaseDurationSeconds": seconds, "renewTime": now });
    if lease.holder != holder {
        spec["acquireTime"] = json!(now);
    }
    let patch = Patch::Merge(json!({
        "metadata": { "uid": lease.uid, "resourceVersion": lease.version },
        "spec": spec,
    }));
    let written = api.patch(&lease.name, &PatchParams::default(), &patch).await;
    let written = written.with_context(|| format!("lease {}", lease.name))?;
    Ok(Lease {
        version: written.metadata.resource_version.unwrap_or_default(),
        holder: holder.to_owned(),
        ..lease.clone()
    })
}

async fn unname(client: &Client, resource: &ApiResource, sandbox: &Sandbox) -> anyhow::Result<()> {
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), &sandbox.namespace, resource);
    let patch = Patch::Merge(
        json!({ "metadata": { "uid": sandbox.uid, "annotations": { SANDBOX_POD_ANNOTATION: null } } }),
    );
    match api
        .patch_metadata(&sandbox.name, &PatchParams::default(), &patch)
        .await
    {
        Err(error) if !is_code(&error, 404) => {
            Err(error).with_context(|| format!("sandbox {}", sandbox.name))
        }
        _ => Ok(()),
    }
}

/// By force: nobody would report the end of what does not run.
async fn delete<K>(api: &Api<K>, name: &str, same: Preconditions) -> anyhow::Result<()>
where
    K: Clone + Debug + DeserializeOwned,
{
    match api
        .delete(name, &DeleteParams::default().grace_period(0).preconditions(same))
        .await
    {
        Err(error) if is_code(&error, 409) => bail!("it changed meanwhile"),
        Err(error) if !is_code(&error, 404) => Err(error.into()),
        _ => Ok(()),
    }
}
