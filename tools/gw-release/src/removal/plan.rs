//! What is to be removed, in this order.

use contract::Context;
use gateway_names::GatewayName;
use gw_release::report::Report;

use super::observe::{Named, Observed};
use crate::act::acted;
use crate::namespace::Found;
use gateway_place::PlaceFile;

/// One step. Each may be taken again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// All sandboxes of the gateway, this many. The server is still there to end them.
    Sandboxes(usize),
    /// The release.
    Release,
    /// A Secret.
    Secret(Named),
    /// The claims of the release's volumes.
    Claims(Vec<Named>),
    /// The namespace with this uid, with all that is in it.
    Namespace(String),
}

impl Step {
    /// Puts what it removes into the report.
    pub fn told(&self, context: &Context<Report>) {
        let delete = |object: &str| acted(context, "delete", object, "its gateway is removed");
        match self {
            Self::Sandboxes(1) => delete("1 sandbox"),
            Self::Sandboxes(count) => delete(&format!("{count} sandboxes")),
            Self::Release => acted(context, "remove", "release openshell", "its gateway is removed"),
            Self::Secret(secret) => delete(&format!("secret/{}", secret.name)),
            Self::Claims(claims) => {
                for claim in claims {
                    delete(&format!("persistentvolumeclaim/{}", claim.name));
                }
            }
            Self::Namespace(_) => {
                let name = context.report.update(|report| report.namespace.clone());
                delete(&format!("namespace/{}", name.unwrap_or_default()));
            }
        }
    }
}

/// Is what was found in the place that is meant not the gateway's? Where flags name another place than the kept one, that nothing is there
/// does not mean that the gateway is gone.
pub fn is_another(kept: &PlaceFile, meant: &PlaceFile, found: Option<&Found>) -> bool {
    match (found, &kept.namespace_uid) {
        (Some(found), Some(uid)) => found.uid != *uid,
        (Some(_), None) => false,
        (None, _) => kept.cluster() != meant.cluster(),
    }
}

/// The steps. `there` is `None` if the namespace is gone. What somebody else made stays: the namespace too, unless it was made for this
/// gateway.
pub fn plan(there: Option<&Observed>, gateway: &GatewayName) -> Vec<Step> {
    let Some(there) = there else {
        return Vec::new();
    };
    let mut steps = Vec::new();
    if there.sandboxes > 0 {
        steps.push(Step::Sandboxes(there.sandboxes));
    }
    if there.has_release {
        steps.push(Step::Release);
    }
    let ours = there.secrets.iter().filter(|secret| !secret.is_of_others);
    steps.extend(ours.cloned().map(Step::Secret));
    if !there.claims.is_empty() {
        steps.push(Step::Claims(there.claims.clone()));
    }
    if there.namespace.is_of(gateway) {
        steps.push(Step::Namespace(there.namespace.uid.clone()));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Named {
        Named {
            name: name.to_owned(),
            uid: format!("uid of {name}"),
            is_of_others: false,
            is_ending: false,
        }
    }

    #[test]
    fn a_gateway_is_gone_only_from_where_it_was() {
        let kept = |context: &str, uid: Option<&str>| PlaceFile {
            kubeconfig: "/k".into(),
            context: context.to_owned(),
            namespace_uid: uid.map(str::to_owned),
            namespace: "team".to_owned(),
            endpoint: None,
            forward_port: 8080,
            spec: gateway_place::ServerSpec::default(),
        };
        let (here, unknown) = (kept("c", Some("u")), kept("c", None));
        let elsewhere = PlaceFile {
            namespace: "typo".to_owned(),
            ..here.clone()
        };
        let found = |uid: &str| Found {
            uid: uid.to_owned(),
            owner: None,
            is_terminating: false,
        };
        for (kept, meant, found, expected) in [
            (&here, &here, None, false),
            (&here, &here, Some(found("u")), false),
            (&here, &here, Some(found("v")), true),
            (&here, &elsewhere, None, true),
            (&here, &kept("other", Some("u")), None, true),
            // The same cluster by another name.
            (&here, &kept("other", Some("u")), Some(found("u")), false),
            (&unknown, &unknown, None, false),
            (&unknown, &unknown, Some(found("u")), false),
            (&unknown, &elsewhere, None, true),
        ] {
            assert_eq!(
                is_another(kept, meant, found.as_ref()),
                expected,
                "{kept:?} {meant:?}"
            );
        }
    }

    fn there(owner: Option<&str>) -> Observed {
        Observed {
            namespace: Found {
                uid: "u".to_owned(),
                owner: owner.map(str::to_owned),
                is_terminating: false,
            },
            sandboxes: 2,
            has_release: true,
            secrets: vec![named("s")],
            claims: vec![named("c")],
        }
    }

    fn steps(there: &Observed) -> Vec<Step> {
        plan(Some(there), &"g".parse().unwrap())
    }

    #[test]
    fn the_server_is_there_to_end_its_sandboxes_and_the_namespace_goes_last() {
        let inside = vec![
            Step::Sandboxes(2),
            Step::Release,
            Step::Secret(named("s")),
            Step::Claims(vec![named("c")]),
        ];
        let all = [inside.clone(), vec![Step::Namespace("u".to_owned())]].concat();
        assert_eq!(steps(&there(Some("g"))), all);
        for owner in [None, Some("other"), Some("G"), Some("")] {
            assert_eq!(steps(&there(owner)), inside, "{owner:?}");
        }
    }

    #[test]
    fn what_is_gone_takes_no_step() {
        let nothing = Observed {
            sandboxes: 0,
            has_release: false,
            secrets: vec![],
            claims: vec![],
            ..there(None)
        };
        assert_eq!(steps(&nothing), []);
        assert_eq!(plan(None, &"g".parse().unwrap()), []);
    }

    #[test]
    fn a_secret_of_another_program_stays() {
        let others = Named {
            is_of_others: true,
            ..named("of cert-manager")
        };
        let observed = Observed {
            secrets: vec![others, named("s")],
            ..there(None)
        };
        let secrets = steps(&observed)
            .into_iter()
            .filter(|step| matches!(step, Step::Secret(_)));
        assert_eq!(secrets.collect::<Vec<_>>(), [Step::Secret(named("s"))]);
    }
}
