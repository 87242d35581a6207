//! A change of the CA, so that no client that takes part in it ever meets a server that it does not trust. Pure.
//!
//! 1. The new CA is kept, together with the certificates of those that it replaces: that one write begins the change.
//! 2. Rolling: server and clients trust both; then the server gets a certificate of the new CA; once it serves that, the
//!    clients do, too.
//! 3. Dropping: server and clients trust the new CA alone; last, what was replaced is forgotten.
//!
//! Each step follows from what is there, so that a run that was killed is continued by the next one.

use super::examined::{Examined, Part};
use crate::certificate::Certificate;
use crate::certificate::chain::leads_to;
use crate::finding::Finding;
use crate::observe::{Observed, certificates};
use crate::report::Phase;

/// Fills in what concerns a change. `now` is in seconds since 1970.
pub fn examine(examined: &mut Examined, observed: &Observed, retiring: &[Certificate], now: i64) {
    let has_read = |secret: &Option<_>| {
        let mut pods = observed.serving.iter();
        secret
            .as_ref()
            .is_none_or(|secret| pods.all(|pod| pod.has_read(secret, now)))
    };
    let (server_read, client_ca_read) = (has_read(&observed.server), has_read(&observed.client_ca));
    examined.server_is_ready = server_read && client_ca_read;
    examined.restart_needed = !examined.server_is_ready && observed.serving.iter().any(|pod| !pod.reloads);
    examined.phase = if !examined.can_issue() || retiring.is_empty() {
        Phase::Steady
    } else if is_sound(&examined.server) && is_sound(&examined.client) && server_read {
        Phase::Dropping
    } else {
        Phase::Rolling
    };
    examined.others = others(observed, examined, now);
}

/// Could it be used, if it were not for who issued it and for its age?
pub fn is_usable(part: &Part) -> bool {
    let is_minor = |finding: &Finding| {
        matches!(
            finding,
            Finding::IncorrectIssuer | Finding::Expiring | Finding::TypeWrong
        )
    };
    part.exists && part.own.iter().all(is_minor)
}

fn is_sound(part: &Part) -> bool {
    part.own.iter().all(|finding| !finding.is_fault())
}

/// CAs that are trusted, have time left, and that the server's or the client's certificate leads to, without the one that
/// issues. Each once.
fn others(observed: &Observed, examined: &Examined, now: i64) -> Vec<u8> {
    let leaves = [&observed.server, &observed.client];
    let leaves = leaves.map(|secret| certificates(secret.as_ref(), "tls.crt").unwrap_or_default());
    let issuer = examined
        .authority
        .certificate
        .as_ref()
        .filter(|_| examined.can_issue());
    let mut found: Vec<(Vec<u8>, Certificate)> = Vec::new();
    for secret in [&observed.client, &observed.client_ca] {
        let value = secret.as_ref().and_then(|secret| secret.value("ca.crt"));
        for (text, ca) in Certificate::read_each(value.unwrap_or_default()) {
            let is_known = found.iter().any(|(_, known)| known.der == ca.der);
            let issues = issuer.is_some_and(|issuer| issuer.der == ca.der);
            let is_over = ca.validity(now, None) == Some(Finding::Expired);
            let anchor = std::slice::from_ref(&ca);
            if !is_known && !issues && !is_over && leaves.iter().any(|leaf| leads_to(leaf, anchor)) {
                found.push((text, ca));
            }
        }
    }
    found.into_iter().flat_map(|(text, _)| text).collect()
}
