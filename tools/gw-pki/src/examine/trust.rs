//! Which CA certificates all must trust, and what is wrong with those that are handed out. Pure.

use kube_session::HeldSecret;

use super::examined::Examined;
use crate::certificate::chain::leads_to;
use crate::certificate::{Certificate, Purpose};
use crate::finding::Finding;
use crate::observe::{Observed, RETIRING, certificates, present};
use crate::report::Phase;

/// What is wrong with the CA certificates of a Secret. The CA that issues must be among them; where none is kept, one
/// that is valid must be.
pub fn trust(
    secret: Option<&HeldSecret>,
    handed_out: Option<&[Certificate]>,
    issuer: Option<&[Certificate]>,
    now: i64,
) -> Vec<Finding> {
    let Some(secret) = secret else {
        return vec![Finding::DoesNotExist];
    };
    let Some(handed_out) = handed_out else {
        let is_missing = present(secret, "ca.crt").is_none();
        return vec![if is_missing {
            Finding::MissingData
        } else {
            Finding::InvalidPem
        }];
    };
    if let Some([issuer, ..]) = issuer {
        let has_it = handed_out.iter().any(|found| found.der == issuer.der);
        return if has_it {
            Vec::new()
        } else {
            vec![Finding::IncorrectIssuer]
        };
    }
    let findings = |ca: &Certificate| {
        let usage = ca.usage(Purpose::Authority);
        usage
            .into_iter()
            .chain(ca.validity(now, None))
            .collect::<Vec<_>>()
    };
    // The least that is wrong with any of them.
    handed_out
        .iter()
        .map(findings)
        .min_by_key(|found| found.iter().filter(|finding| finding.is_fault()).count())
        .unwrap_or_default()
}

/// The CA certificates that all must trust: the CA that issues, with those that it replaces; or, where none is kept, the ones that one of the Secrets
/// hands out, both leaves lead to, and nothing is wrong with.
pub fn trusted(observed: &Observed, examined: &Examined, now: i64) -> Option<Vec<u8>> {
    let copy = |secret: &Option<HeldSecret>| secret.as_ref()?.value("ca.crt").map(<[u8]>::to_vec);
    if examined.can_issue() {
        let mut all = copy(&observed.authority)?;
        if examined.phase == Phase::Rolling {
            let retiring = observed.authority.as_ref()?.value(RETIRING);
            if !all.ends_with(b"\n") {
                all.push(b'\n');
            }
            all.extend_from_slice(retiring.unwrap_or_default());
        }
        return Some(all);
    }
    let leaves = [
        certificates(observed.server.as_ref(), "tls.crt"),
        certificates(observed.client.as_ref(), "tls.crt"),
    ];
    [&observed.client, &observed.client_ca]
        .into_iter()
        .find_map(|secret| {
            let anchors = certificates(secret.as_ref(), "ca.crt")?;
            let is_sound = trust(secret.as_ref(), Some(&anchors), None, now)
                .iter()
                .all(|finding| !finding.is_fault());
            let all_lead_there = leaves.iter().all(|leaf| {
                leaf.as_ref()
                    .is_some_and(|presented| leads_to(presented, &anchors))
            });
            if is_sound && all_lead_there {
                copy(secret)
            } else {
                None
            }
        })
}
