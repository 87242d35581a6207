//! Carrying the plan out. Each step may find that somebody else did it meanwhile: that is as good.

use contract::{Context, Failure};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Node, Pod, Secret};
use k8s_openapi::api::storage::v1::VolumeAttachment;
use kube::Api;
use kube::api::{DeleteParams, ListParams, Preconditions};
use kube_session::{Session, Trouble};
use serde::de::DeserializeOwned;

use crate::journal;
use crate::plan::{DoomedPod, Plan, node_action, pod_action};
use crate::report::Report;

/// Pods first, because they hold the volumes; then volumes; nodes last, because they are what a later run finds them by.
pub async fn carry_out(session: &Session, plan: &Plan, context: &Context<Report>) -> Result<(), Failure> {
    for pod in &plan.pods {
        if delete_pod(session, pod).await? {
            context
                .console
                .progress(&format!("deleted pod {}/{}", pod.namespace, pod.name));
            context.report.update(|report| {
                report.changed = true;
                report.actions.push(pod_action(pod));
                report
                    .pods_deleted
                    .push(format!("{}/{}", pod.namespace, pod.name));
            });
        }
    }
    for volume in &plan.volumes {
        journal::move_volume(session, volume, &plan.keep, context).await?;
    }
    for node in &plan.nodes {
        forget_node(session, node).await?;
        context.console.progress(&format!("deleted node {node}"));
        context.report.update(|report| {
            report.changed = true;
            report.actions.push(node_action(node));
        });
    }
    Ok(())
}

/// Nobody would answer a graceful deletion. Only this very pod: its successor of the same name is spared.
async fn delete_pod(session: &Session, pod: &DoomedPod) -> Result<bool, Failure> {
    let pods: Api<Pod> = Api::namespaced(session.client.clone(), &pod.namespace);
    let only_this = Preconditions {
        uid: Some(pod.uid.clone()),
        resource_version: None,
    };
    let parameters = DeleteParams::default().grace_period(0).preconditions(only_this);
    delete(session, &pods, &pod.name, &parameters).await
}

/// What belongs to the node's name goes before the Node itself.
async fn forget_node(session: &Session, node: &str) -> Result<(), Failure> {
    let parameters = DeleteParams::default();
    let attachments = session.everywhere::<VolumeAttachment>();
    for attachment in session.list(&attachments, &ListParams::default()).await? {
        if attachment.spec.node_name == node {
            delete(
                session,
                &attachments,
                &attachment.metadata.name.unwrap_or_default(),
                &parameters,
            )
            .await?;
        }
    }
    // k3s refuses a node of the same name whose password differs from this hash.
    let secrets: Api<Secret> = Api::namespaced(session.client.clone(), "kube-system");
    delete(
        session,
        &secrets,
        &format!("{node}.node-password.k3s"),
        &parameters,
    )
    .await?;
    let leases: Api<Lease> = Api::namespaced(session.client.clone(), "kube-node-lease");
    delete(session, &leases, node, &parameters).await?;
    delete(session, &session.everywhere::<Node>(), node, &parameters).await?;
    Ok(())
}

/// Deletes an object. False where it is absent, or where another one has its name by now.
pub async fn delete<K>(
    session: &Session,
    api: &Api<K>,
    name: &str,
    parameters: &DeleteParams,
) -> Result<bool, Failure>
where
    K: Clone + DeserializeOwned + std::fmt::Debug,
{
    let done = |trouble| matches!(trouble, Trouble::Absent | Trouble::Conflict).then_some(());
    let what = format!("the API server to delete {name}");
    Ok(session
        .request(&what, name, || api.delete(name, parameters), done)
        .await?
        .is_ok())
}
