//! The gateway's helm release: the last revision, as the cluster has it. The rules for it are helm-revision's.

use anyhow::Context;
use helm_revision::Revision;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, ListParams, Preconditions};
use kube::{Api, Client};

/// The last revision; `None` where no release exists.
pub async fn last(client: &Client) -> Result<Option<Revision>, kube::Error> {
    let selection = ListParams::default().labels(&helm_revision::selector());
    let list = secrets(client).list_metadata(&selection).await?;
    let revisions = list
        .items
        .iter()
        .filter_map(|secret| Revision::of(&secret.metadata));
    Ok(revisions.max_by_key(|revision| revision.number))
}

/// Deletes the record of a revision that helm did not finish. What it had deployed stays, and is taken over by the next one.
pub async fn forget(client: &Client, revision: &Revision) -> anyhow::Result<()> {
    let name = &revision.secret;
    let same = DeleteParams::default().preconditions(Preconditions {
        uid: revision.uid.clone(),
        resource_version: None,
    });
    secrets(client)
        .delete(name, &same)
        .await
        .with_context(|| format!("deleting Secret {name}"))?;
    Ok(())
}

fn secrets(client: &Client) -> Api<Secret> {
    Api::namespaced(client.clone(), gateway_names::NAMESPACE)
}
