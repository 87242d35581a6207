//! Verification: each volume that was moved has its claim again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use contract::{Context, Failure};
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use kube::Api;
use kube::api::{ListParams, Patch, PatchParams};
use kube_session::{Backoff, Session, Trouble};
use serde_json::json;

use crate::observe::journal::Begun;
use crate::observe::volume_name;
use crate::reasons::VOLUME_NOT_BOUND;
use crate::report::Report;

/// With many volumes their controller takes its time: only as long as none becomes bound does this run out.
const NEXT_WITHIN: Duration = Duration::from_secs(60);
/// Up to this many objects are asked for one by one.
const ONE_BY_ONE: usize = 20;
/// The longest pause between two questions, where each volume is asked for.
const ASKED_EVERY: Duration = Duration::from_millis(500);
/// The longest pause between two lists.
const LISTED_EVERY: Duration = Duration::from_secs(3);
/// Annotation of a claim whose volume was moved: the uid of the volume's new object.
const MOVED: &str = "dev.openshell.volume-moved";

/// Namespace and name of a claim.
type Claim = (String, String);

/// Returns once every volume is bound to its claim, and the claim to it. A volume whose claim is gone has nobody to be
/// bound to.
pub async fn wait(session: &Session, moves: &[Begun], context: &Context<Report>) -> Result<(), Failure> {
    let mut awaited: BTreeMap<String, Claim> = moves
        .iter()
        .filter_map(|begun| Some((volume_name(&begun.volume), claim_of(&begun.volume)?)))
        .collect();
    // Thousands are listed as a whole, which keeps the API server from binding them.
    let longest = if awaited.len() > ONE_BY_ONE {
        LISTED_EVERY
    } else {
        ASKED_EVERY
    };
    let mut backoff = Backoff::new(Duration::from_millis(50), longest);
    let mut last_progress = Instant::now();
    let mut nudged = BTreeSet::new();
    while !awaited.is_empty() {
        let before = awaited.len();
        let volumes = volumes(session, &awaited).await?;
        let claims = claims(session, &awaited).await?;
        for (name, claim) in awaited.clone() {
            let volume = volumes.get(&name);
            match (phase_of(volume), claims.get(&claim).map(String::as_str)) {
                ("Bound", Some("Bound")) | ("Bound" | "Released", None) => {
                    awaited.remove(&name);
                }
                ("Bound", Some("Lost")) if nudged.insert(name) => {
                    let uid = volume.map_or("", |volume| &volume.uid);
                    nudge(session, &claim, uid).await?;
                }
                _ => {}
            }
        }
        if awaited.len() < before {
            last_progress = Instant::now();
        }
        let Some(name) = awaited.keys().next() else { break };
        if last_progress.elapsed() > NEXT_WITHIN {
            return Err(not_bound(name, phase_of(volumes.get(name))));
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

fn not_bound(name: &str, phase: &str) -> Failure {
    VOLUME_NOT_BOUND.failure(
        format!("volume {name} is {phase}, and not Bound to its claim, after its move; its data is kept"),
        format!(
            "kubectl describe persistentvolume {name}, then {} again",
            contract::typed("gw-nodeclean")
        ),
    )
}

/// A volume, as far as it matters here.
struct Seen {
    uid: String,
    phase: String,
}

fn phase_of(volume: Option<&Seen>) -> &str {
    volume.map_or("gone", |volume| &volume.phase)
}

async fn volumes(
    session: &Session,
    awaited: &BTreeMap<String, Claim>,
) -> Result<BTreeMap<String, Seen>, Failure> {
    let api = session.everywhere::<PersistentVolume>();
    let keep = |volume: PersistentVolume| {
        let phase = volume.status.and_then(|status| status.phase);
        let seen = Seen {
            uid: volume.metadata.uid.unwrap_or_default(),
            phase: phase.unwrap_or_else(|| "Pending".to_owned()),
        };
        (volume.metadata.name.unwrap_or_default(), seen)
    };
    let mut found = Vec::new();
    if awaited.len() > ONE_BY_ONE {
        found = session.list_as(&api, &ListParams::default(), keep).await?;
    } else {
        for name in awaited.keys() {
            found.extend(session.get(&api, name).await?.map(keep));
        }
    }
    Ok(found.into_iter().collect())
}

/// The phase of each claim that exists.
async fn claims(
    session: &Session,
    awaited: &BTreeMap<String, Claim>,
) -> Result<BTreeMap<Claim, String>, Failure> {
    let keep = |claim: PersistentVolumeClaim| {
        let key = (claim.metadata.namespace?, claim.metadata.name?);
        Some((key, claim.status?.phase?))
    };
    let mut found = Vec::new();
    if awaited.len() > ONE_BY_ONE {
        let everywhere = session.everywhere::<PersistentVolumeClaim>();
        found = session.list_as(&everywhere, &ListParams::default(), keep).await?;
    } else {
        for (namespace, name) in awaited.values() {
            found.extend(session.get(&claims_in(session, namespace), name).await?.map(keep));
        }
    }
    Ok(found.into_iter().flatten().collect())
}

fn claims_in(session: &Session, namespace: &str) -> Api<PersistentVolumeClaim> {
    Api::namespaced(session.client.clone(), namespace)
}

/// A lost claim is looked at again only every fifteen seconds, or when it changes.
async fn nudge(session: &Session, (namespace, name): &Claim, uid: &str) -> Result<(), Failure> {
    let api = claims_in(session, namespace);
    let patch = Patch::Merge(json!({"metadata": {"annotations": {MOVED: uid}}}));
    let parameters = PatchParams::default();
    let gone = |trouble| (trouble == Trouble::Absent).then_some(());
    let what = format!("the API server to annotate claim {name}");
    let _ = session
        .request(&what, name, || api.patch(name, &parameters, &patch), gone)
        .await?;
    Ok(())
}

/// The claim, where the volume was bound to it: one that is only named may not exist for ever.
fn claim_of(volume: &PersistentVolume) -> Option<Claim> {
    let claim = volume.spec.as_ref()?.claim_ref.as_ref()?;
    claim.uid.as_ref()?;
    Some((claim.namespace.clone()?, claim.name.clone()?))
}
