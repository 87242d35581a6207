//! What the controller does about a sandbox, decided from what it saw. Pure.

/// What was seen of a sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The sandbox itself is being deleted.
    pub deleting: bool,
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
        /// Its phase is `Failed` or `Succeeded`: it never runs again.
        finished: bool,
        /// Its node's absence is proven: nobody is left who could stop it.
        node_gone: bool,
    },
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
    /// Delete the pod with this uid at once.
    ForgetPod(String),
}

/// The steps, in order. The next event or the next look brings what follows from them.
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
    match &observation.pod {
        Pod::Own {
            uid, node_gone: true, ..
        } => steps.push(Step::ForgetPod(uid.clone())),
        Pod::Own {
            uid,
            finished: true,
            deleting: false,
            ..
        } => steps.push(Step::DeletePod(uid.clone())),
        // A pod that used a claim which is going away would keep its volume half alive.
        Pod::Missing if !observation.claims.contains(&Claim::Going) => steps.push(Step::CreatePod),
        Pod::Missing | Pod::Foreign | Pod::Own { .. } => {}
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::{Claim, Observation, Pod, Step, plan};

    fn own(deleting: bool, finished: bool, node_gone: bool) -> Pod {
        Pod::Own {
            uid: "u".to_owned(),
            deleting,
            finished,
            node_gone,
        }
    }

    fn steps(claims: &[Claim], pod: Pod) -> Vec<Step> {
        plan(&Observation {
            deleting: false,
            claims: claims.to_vec(),
            pod,
        })
    }

    #[test]
    fn what_is_missing_is_made_claims_first() {
        let made = [Step::CreateClaim(0), Step::CreatePod];
        assert_eq!(steps(&[Claim::Missing], Pod::Missing), made);
        assert_eq!(steps(&[Claim::Usable], Pod::Missing), [Step::CreatePod]);
        assert_eq!(
            steps(&[Claim::Usable, Claim::Missing], own(false, false, false)),
            [Step::CreateClaim(1)]
        );
        assert_eq!(steps(&[], Pod::Missing), [Step::CreatePod]);
    }

    #[test]
    fn a_healthy_sandbox_is_left_alone() {
        assert_eq!(steps(&[Claim::Usable], own(false, false, false)), []);
    }

    #[test]
    fn a_pod_that_ended_is_replaced_gracefully_and_one_whose_node_is_gone_at_once() {
        let usable = [Claim::Usable];
        assert_eq!(
            steps(&usable, own(false, true, false)),
            [Step::DeletePod("u".to_owned())]
        );
        assert_eq!(
            steps(&usable, own(true, true, false)),
            [],
            "its deletion is under way"
        );
        assert_eq!(
            steps(&usable, own(true, false, false)),
            [],
            "its deletion is under way"
        );
        for (deleting, finished) in [(false, false), (true, false), (false, true), (true, true)] {
            let forgotten = [Step::ForgetPod("u".to_owned())];
            assert_eq!(steps(&usable, own(deleting, finished, true)), forgotten);
        }
    }

    #[test]
    fn nothing_is_built_on_what_is_going_away_or_foreign() {
        assert_eq!(steps(&[Claim::Going], Pod::Missing), []);
        assert_eq!(steps(&[Claim::Usable], Pod::Foreign), []);
    }

    #[test]
    fn a_sandbox_that_is_being_deleted_is_left_to_the_garbage_collector() {
        for pod in [Pod::Missing, Pod::Foreign, own(false, true, true)] {
            assert_eq!(
                plan(&Observation {
                    deleting: true,
                    claims: vec![Claim::Missing],
                    pod
                }),
                []
            );
        }
    }
}
