//! Sandboxes live through a restart of the node, whatever ended it: their old pods go before the kubelet starts, and new ones come once the
//! gateway server answers.

mod act;
mod hold;
mod observe;
mod plan;
#[cfg(test)]
mod plan_tests;
#[cfg(test)]
mod settle_tests;

use std::time::Duration;

use kube::Client;
use tokio::time::sleep;

pub use hold::Hold;
use observe::ToldBy;
pub use observe::pod_uids;
pub use plan::Here;

/// A young API server may refuse: this many times it is asked again. The kubelet waits for it.
const TRIES: usize = 100;
/// After so many tries sandboxes are told by their pods: what converts their objects is a pod, too.
const TRIES_BY_OBJECTS: usize = 30;
const PAUSE: Duration = Duration::from_millis(200);

/// Deletes what is left of sandboxes' pods, and takes the leases that keep new ones back; what is returned holds them. Only before the
/// kubelet starts. Failures are told, and are no reason not to start.
pub async fn settle(client: &Client, here: &Here) -> Option<Hold> {
    settle_every(PAUSE, client, here).await
}

async fn settle_every(pause: Duration, client: &Client, here: &Here) -> Option<Hold> {
    let mut last = String::new();
    for attempt in 0..TRIES {
        let told_by = if attempt < TRIES_BY_OBJECTS {
            ToldBy::Objects
        } else {
            ToldBy::Pods
        };
        match once(client, here, told_by).await {
            Ok(hold) => return hold,
            Err(error) => {
                let told = told(&error);
                if told != last {
                    eprintln!("cluster-node: sandboxes: {told}; trying again");
                }
                last = told;
            }
        }
        sleep(pause).await;
    }
    eprintln!(
        "cluster-node: sandboxes' pods of before this start could not be deleted ({last}); the kubelet starts all the same, and \
         these sandboxes may end in phase Error"
    );
    None
}

async fn once(client: &Client, here: &Here, told_by: ToldBy) -> anyhow::Result<Option<Hold>> {
    let seen = observe::observe(client, told_by).await?;
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

/// An error in the API server's own words, if it gave any.
fn told(error: &anyhow::Error) -> String {
    let mut words = Vec::new();
    for cause in error.chain() {
        if let Some(kube::Error::Api(status)) = cause.downcast_ref() {
            words.push(status.message.clone());
            break;
        }
        words.push(cause.to_string());
    }
    words.join(": ")
}

#[cfg(test)]
mod tests {
    use anyhow::Context;
    use kube::core::Status;

    use super::told;

    #[test]
    fn an_error_of_the_api_server_is_told_in_its_words() {
        let status = Status::failure("storage is (re)initializing", "TooManyRequests");
        let refused: Result<(), kube::Error> = Err(kube::Error::Api(status.boxed()));
        let error = refused.context("the list of sandboxes").unwrap_err();
        assert_eq!(told(&error), "the list of sandboxes: storage is (re)initializing");
        assert_eq!(
            told(&anyhow::anyhow!("no answer").context("pods")),
            "pods: no answer"
        );
    }
}
