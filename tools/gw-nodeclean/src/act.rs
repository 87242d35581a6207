//! Carrying the plan out. Each step may find that somebody else did it meanwhile: that is as good.

mod bound;
mod delete;
mod journal;
pub mod node_password;
mod rebind;

use contract::{Context, Failure};
use futures_util::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Node, Pod, Secret};
use k8s_openapi::api::storage::v1::VolumeAttachment;
use kube::Api;
use kube::api::DeleteParams;
use kube_session::Session;

use crate::describe::{node_actions, pod_action};
use crate::observe::journal::Begun;
use crate::observe::node_password::PASSWORD_NAMESPACE;
use crate::observe::nodes::LEASES;
use crate::observe::{PodKey, volume_name};
use crate::plan::{DoomedNode, Plan};
use crate::report::Report;
use delete::{delete, only};

/// Requests at once: enough to keep the API server busy, and few beside its own limit (400 reads, 200 writes).
const AT_ONCE: usize = 16;
/// Objects of one kind that are named one by one in the progress.
const NAMED: usize = 20;

/// What has no way back is written to the journal first. Then pods, because they hold the volumes; then volumes; nodes
/// last, because they are what a later run finds all of it by.
pub async fn act(session: &Session, plan: &Plan, context: &Context<Report>) -> Result<(), Failure> {
    let hostname = plan.keep.as_ref().map_or("", |keep| &keep.hostname);
    let mut moves = plan.begun.clone();
    moves.extend(begin(session, plan, hostname).await?);
    each(&plan.pods, async |pod| {
        delete_pod(session, pod, plan, context).await
    })
    .await?;
    summary(context, "deleted", plan.pods.len(), "pods");
    each(&moves, async |begun| {
        rebind::replace(session, &begun.uid, &rebind::moved(&begun.volume, hostname)).await
    })
    .await?;
    bound::wait(session, &moves, context).await?;
    each(&moves, async |begun| finish(session, begun, plan, context).await).await?;
    summary(context, "moved", moves.len(), "volumes");
    each(&plan.nodes, async |node| {
        forget_node(session, node, plan, context).await
    })
    .await?;
    summary(context, "deleted", plan.nodes.len(), "nodes");
    Ok(())
}

/// Does the same to each, several at once; stops at the first failure.
async fn each<T>(items: &[T], work: impl AsyncFn(&T) -> Result<(), Failure>) -> Result<(), Failure> {
    stream::iter(items)
        .map(|item| work(item))
        .buffer_unordered(AT_ONCE)
        .try_collect::<()>()
        .await
}

/// Makes the data of every volume safe and writes every move down, before anything is deleted.
async fn begin(session: &Session, plan: &Plan, hostname: &str) -> Result<Vec<Begun>, Failure> {
    each(&plan.volumes, async |volume| {
        rebind::rehearse(session, &rebind::moved(volume, hostname)).await
    })
    .await?;
    let begun = stream::iter(&plan.volumes)
        .map(async |volume| {
            let begun = rebind::retain(session, volume).await?;
            if let Some(begun) = &begun {
                journal::write(session, begun).await?;
            }
            Ok::<_, Failure>(begun)
        })
        .buffer_unordered(AT_ONCE)
        .try_collect::<Vec<_>>()
        .await?;
    Ok(begun.into_iter().flatten().collect())
}

async fn finish(
    session: &Session,
    begun: &Begun,
    plan: &Plan,
    context: &Context<Report>,
) -> Result<(), Failure> {
    journal::erase(session, begun).await?;
    let name = volume_name(&begun.volume);
    if plan.begun.len() + plan.volumes.len() <= NAMED {
        context.console.progress(&format!("moved volume {name}"));
    }
    context.report.update(|report| {
        report.changed = true;
        report.actions.push(plan.volume_action(&name));
        report.volumes_rebound.push(name);
    });
    Ok(())
}

/// Nobody would answer a graceful deletion. Only this very pod: its successor of the same name is spared.
async fn delete_pod(
    session: &Session,
    pod: &PodKey,
    plan: &Plan,
    context: &Context<Report>,
) -> Result<(), Failure> {
    let pods: Api<Pod> = Api::namespaced(session.client.clone(), &pod.namespace);
    let parameters = only(&pod.uid).grace_period(0);
    if delete(session, &pods, &pod.name, &parameters).await? {
        let name = pod.full_name();
        if plan.pods.len() <= NAMED {
            context.console.progress(&format!("deleted pod {name}"));
        }
        context.report.update(|report| {
            report.changed = true;
            report.actions.push(pod_action(pod));
            report.pods_deleted.push(name);
        });
    }
    Ok(())
}

/// What belongs to the node's name goes before the Node itself.
async fn forget_node(
    session: &Session,
    node: &DoomedNode,
    plan: &Plan,
    context: &Context<Report>,
) -> Result<(), Failure> {
    let any = DeleteParams::default();
    for name in &node.attachments {
        delete(session, &session.everywhere::<VolumeAttachment>(), name, &any).await?;
    }
    if let Some(name) = &node.password {
        // k3s refuses a node of the same name whose password differs from this hash.
        let secrets: Api<Secret> = Api::namespaced(session.client.clone(), PASSWORD_NAMESPACE);
        delete(session, &secrets, name, &any).await?;
    }
    if node.has_lease {
        let leases: Api<Lease> = Api::namespaced(session.client.clone(), LEASES);
        delete(session, &leases, &node.name, &any).await?;
    }
    delete(
        session,
        &session.everywhere::<Node>(),
        &node.name,
        &only(&node.uid),
    )
    .await?;
    if plan.nodes.len() <= NAMED {
        context.console.progress(&format!("deleted node {}", node.name));
    }
    context.report.update(|report| {
        report.changed = true;
        report.actions.extend(node_actions(node));
    });
    Ok(())
}

/// Many objects are counted, not named.
fn summary(context: &Context<Report>, done: &str, count: usize, what: &str) {
    if count > NAMED {
        context.console.progress(&format!("{done} {count} {what}"));
    }
}
