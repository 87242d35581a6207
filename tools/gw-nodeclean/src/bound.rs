//! Verification: each volume that was moved has its claim again.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use contract::{Context, Exit, Failure};
use k8s_openapi::api::core::v1::PersistentVolume;
use kube::api::ListParams;
use kube_session::{Backoff, Session};

use crate::journal::Begun;
use crate::plan::name_of;
use crate::report::Report;

/// The controller of volumes looks at lost claims every fifteen seconds. With many volumes it takes its time: only as
/// long as none becomes bound does this run out.
const NEXT_WITHIN: Duration = Duration::from_secs(60);
/// Up to this many volumes are asked for one by one.
const ONE_BY_ONE: usize = 20;

/// Returns once every volume that has a claim is bound to it. One whose claim is gone has nobody to be bound to.
pub async fn wait(session: &Session, moves: &[Begun], context: &Context<Report>) -> Result<(), Failure> {
    let mut awaited: BTreeSet<String> = moves
        .iter()
        .filter(|begun| is_claimed(&begun.volume))
        .map(|begun| name_of(&begun.volume))
        .collect();
    let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_millis(500));
    let mut last_progress = Instant::now();
    while !awaited.is_empty() {
        let before = awaited.len();
        let found = read(session, &awaited).await?;
        awaited.retain(|name| {
            !found
                .iter()
                .any(|volume| name_of(volume) == *name && is_settled(volume))
        });
        if awaited.len() < before {
            last_progress = Instant::now();
        }
        let Some(name) = awaited.first() else { break };
        if last_progress.elapsed() > NEXT_WITHIN {
            let phase = found
                .iter()
                .find(|volume| name_of(volume) == *name)
                .map_or("gone", phase);
            return Err(Failure::new(
                Exit::Failed,
                "volume_not_bound",
                format!("volume {name} is {phase} and not Bound after its move; its data is kept"),
                format!("kubectl describe persistentvolume {name}, then gw-nodeclean again"),
            ));
        }
        context.console.waiting(&match awaited.len() {
            1 => format!("volume {name} to be bound again"),
            more => format!("{more} volumes to be bound again"),
        });
        tokio::time::sleep(backoff.next_wait()).await;
    }
    context.console.ended_waiting();
    Ok(())
}

async fn read(session: &Session, names: &BTreeSet<String>) -> Result<Vec<PersistentVolume>, Failure> {
    let volumes = session.everywhere::<PersistentVolume>();
    if names.len() > ONE_BY_ONE {
        return session.list(&volumes, &ListParams::default()).await;
    }
    let mut found = Vec::new();
    for name in names {
        found.extend(session.get(&volumes, name).await?);
    }
    Ok(found)
}

/// A claim that is only named, and does not exist yet, may take for ever.
fn is_claimed(volume: &PersistentVolume) -> bool {
    let claim = volume.spec.as_ref().and_then(|spec| spec.claim_ref.as_ref());
    claim.is_some_and(|claim| claim.uid.is_some())
}

fn phase(volume: &PersistentVolume) -> &str {
    let status = volume.status.as_ref();
    status
        .and_then(|status| status.phase.as_deref())
        .unwrap_or("Pending")
}

fn is_settled(volume: &PersistentVolume) -> bool {
    matches!(phase(volume), "Bound" | "Released")
}
