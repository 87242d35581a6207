//! Sandboxes live through a restart of the node, whatever ended it: their old pods go before the kubelet starts, and new ones come once the
//! gateway server answers.

mod act;
mod hold;
mod observe;
mod plan;
#[cfg(test)]
mod plan_tests;

use std::time::Duration;

use kube::Client;
use tokio::time::sleep;

pub use hold::Hold;
pub use observe::pod_uids;
pub use plan::Here;

/// A young API server may refuse: this many times it is asked again. The kubelet waits for it.
const TRIES: usize = 40;
/// After so many tries sandboxes are told by their pods: what converts their objects is a pod, too.
const TRIES_BY_OBJECTS: usize = 10;
const PAUSE: Duration = Duration::from_millis(500);

/// Deletes what is left of sandboxes' pods, and takes the leases that keep new ones back; what is returned holds them. Only before the
/// kubelet starts. Failures are told, and are no reason not to start.
pub async fn settle(client: &Client, here: &Here) -> Option<Hold> {
    for attempt in 0..TRIES {
        match once(client, here, attempt >= TRIES_BY_OBJECTS).await {
            Ok(hold) => return hold,
            Err(error) => eprintln!("cluster-node: sandboxes: {error:#}; trying again"),
        }
        sleep(PAUSE).await;
    }
    eprintln!("cluster-node: sandboxes' old pods could not be removed; the kubelet starts all the same");
    None
}

async fn once(client: &Client, here: &Here, by_pods: bool) -> anyhow::Result<Option<Hold>> {
    let seen = observe::observe(client, by_pods).await?;
    let plan = plan::plan(&seen.observed, here);
    let leases = act::act(client, here, &plan, seen.resource.as_ref()).await?;
    if !plan.delete.is_empty() {
        let names: Vec<&str> = plan.delete.iter().map(|(pod, _)| pod.name.as_str()).collect();
        eprintln!(
            "cluster-node: sandboxes' pods of before this start are deleted, to be made again: {}",
            names.join(" ")
        );
    }
    if leases.is_empty() {
        return Ok(None);
    }
    Ok(Some(Hold {
        client: client.clone(),
        here: here.clone(),
        leases,
        servers: plan.servers,
    }))
}
