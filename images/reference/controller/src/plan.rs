//! What the controller does about a sandbox, decided from what it saw. Pure.

use std::fmt;

/// What was seen of a sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The sandbox itself is being deleted.
    pub deleting: bool,
    /// It is to run.
    pub wants_to_run: bool,
    /// Its volume claims, in the order of their templates.
    pub claims: Vec<Claim>,
    /// Its pod.
    pub pod: Pod,
}

/// What was seen of a volume claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Its absence is proven.
    Missing,
    /// It is there and stays.
    Usable,
    /// It is being deleted, or belongs to a sandbox of the same name that is.
    Going,
}

/// What was seen of the pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pod {
    /// Its absence is proven.
    Missing,
    /// A pod of this name that belongs to somebody else, perhaps to a deleted sandbox of the same name.
    Foreign,
    /// The sandbox's own.
    Own {
        /// Its uid: what is deleted is what was seen.
        uid: String,
        /// It is being deleted.
        deleting: bool,
        /// How it is.
        state: PodState,
    },
}

/// How a pod is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodState {
    /// It does not answer yet.
    Pending,
    /// It answers.
    Ready,
    /// Its phase is `Failed`.
    Failed,
    /// Its phase is `Succeeded`.
    Succeeded,
}

/// One request to Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Create the claim at this place among the templates.
    CreateClaim(usize),
    /// Create the pod.
    CreatePod,
    /// Delete the pod with this uid, and wait for its node to stop it.
    DeletePod(String),
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateClaim(index) => write!(formatter, "create the volume claim of template {index}"),
            Self::CreatePod => formatter.write_str("create the pod"),
            Self::DeletePod(uid) => write!(formatter, "delete the pod with uid {uid}"),
        }
    }
}

/// The steps, in order. The next event or the next look brings what follows from them. A pod that is there stays, whatever its phase, also
/// while it is being deleted.
pub fn plan(observation: &Observation) -> Vec<Step> {
    if observation.deleting {
        return Vec::new();
    }
    let missing = observation
        .claims
        .iter()
        .enumerate()
        .filter(|(_, claim)| **claim == Claim::Missing);
    let mut steps: Vec<Step> = missing.map(|(index, _)| Step::CreateClaim(index)).collect();
    match (&observation.pod, observation.wants_to_run) {
        // A pod that used a claim which is going away would keep its volume half alive.
        (Pod::Missing, true) if !observation.claims.contains(&Claim::Going) => steps.push(Step::CreatePod),
        (
            Pod::Own {
                uid, deleting: false, ..
            },
            false,
        ) => steps.push(Step::DeletePod(uid.clone())),
        _ => {}
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::{Claim, Observation, Pod, PodState, Step, plan};

    const STATES: [PodState; 4] = [
        PodState::Pending,
        PodState::Ready,
        PodState::Failed,
        PodState::Succeeded,
    ];

    fn own(deleting: bool, state: PodState) -> Pod {
        Pod::Own {
            uid: "u".to_owned(),
            deleting,
            state,
        }
    }

    fn steps(wants_to_run: bool, claims: &[Claim], pod: Pod) -> Vec<Step> {
        plan(&Observation {
            deleting: false,
            wants_to_run,
            claims: claims.to_vec(),
            pod,
        })
    }

    #[test]
    fn what_is_missing_is_made_claims_first() {
        let made = [Step::CreateClaim(0), Step::CreatePod];
        assert_eq!(steps(true, &[Claim::Missing], Pod::Missing), made);
        assert_eq!(steps(true, &[Claim::Usable], Pod::Missing), [Step::CreatePod]);
        let both = [Claim::Usable, Claim::Missing];
        assert_eq!(
            steps(true, &both, own(false, PodState::Ready)),
            [Step::CreateClaim(1)]
        );
        assert_eq!(steps(true, &[], Pod::Missing), [Step::CreatePod]);
    }

    #[test]
    fn a_pod_that_is_there_is_never_replaced() {
        for state in STATES {
            for deleting in [false, true] {
                assert_eq!(steps(true, &[Claim::Usable], own(deleting, state)), []);
            }
        }
    }

    #[test]
    fn a_suspended_sandbox_loses_its_pod_and_keeps_its_claims() {
        for state in STATES {
            let deleted = [Step::DeletePod("u".to_owned())];
            assert_eq!(steps(false, &[Claim::Usable], own(false, state)), deleted);
            assert_eq!(steps(false, &[Claim::Usable], own(true, state)), []);
        }
        assert_eq!(steps(false, &[Claim::Usable], Pod::Missing), []);
    }

    #[test]
    fn nothing_is_built_on_what_is_going_away_or_foreign() {
        assert_eq!(steps(true, &[Claim::Going], Pod::Missing), []);
        assert_eq!(steps(true, &[Claim::Usable], Pod::Foreign), []);
        assert_eq!(steps(false, &[Claim::Usable], Pod::Foreign), []);
    }

    #[test]
    fn a_sandbox_that_is_being_deleted_is_left_to_the_garbage_collector() {
        for pod in [Pod::Missing, Pod::Foreign, own(false, PodState::Failed)] {
            for wants_to_run in [false, true] {
                let observation = Observation {
                    deleting: true,
                    wants_to_run,
                    claims: vec![Claim::Missing],
                    pod: pod.clone(),
                };
                assert_eq!(plan(&observation), []);
            }
        }
    }
}
