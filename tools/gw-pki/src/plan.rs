//! What to do, from what was found. Pure.

use gateway_names::{CLIENT_CA_SECRET, CLIENT_TLS_SECRET, SERVER_TLS_SECRET};

use crate::authority::AUTHORITY_SECRET;
use crate::examine::{Examined, Part};
use crate::finding::{Finding, listed};

/// One thing to do. Steps are done in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make a CA and keep it. Who creates this Secret first decides for everybody.
    CreateAuthority,
    /// Give the server the CA that clients' certificates chain to.
    WriteClientCa,
    /// Issue the server's certificate.
    IssueServer,
    /// Issue the client's certificate.
    IssueClient,
    /// Give clients the CA that the server's certificate chains to; their own certificate stays.
    WriteClientTrust,
    /// Give the bundle on disk what the cluster has for clients.
    WriteBundle,
}

/// A step, what it does to what, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The step.
    pub step: Step,
    /// Is there something already that it changes?
    pub replaces: bool,
    /// The findings that ask for it.
    pub why: String,
}

/// Why nothing can be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A certificate must be issued, and no key of a CA is there. The text names what is faulty.
    KeyMissing(String),
    /// A certificate must be issued, and the CA that is kept cannot: its findings, and what is faulty.
    AuthorityInvalid(String, String),
    /// A Secret must be changed and cannot be.
    Immutable(&'static str),
}

impl Step {
    /// The Secret that it writes.
    pub fn secret(self) -> Option<&'static str> {
        match self {
            Self::CreateAuthority => Some(AUTHORITY_SECRET),
            Self::WriteClientCa => Some(CLIENT_CA_SECRET),
            Self::IssueServer => Some(SERVER_TLS_SECRET),
            Self::IssueClient | Self::WriteClientTrust => Some(CLIENT_TLS_SECRET),
            Self::WriteBundle => None,
        }
    }
}

/// Decides. An empty plan means that everything is as it should be.
pub fn plan(examined: &Examined) -> Result<Vec<Planned>, Refusal> {
    let mut steps = Vec::new();
    let parts = [&examined.server, &examined.client_ca, &examined.client];
    let is_new = !examined.authority.exists && parts.iter().all(|part| !part.exists);
    let can_issue = examined.can_issue() || is_new;
    if is_new {
        steps.push(planned(
            Step::CreateAuthority,
            &examined.authority,
            &examined.authority.own,
        ));
    }
    let ends = |part: &Part| part.certificate.as_ref().map(|certificate| certificate.not_after);
    let needs_work = |part: &Part, findings: &[Finding]| {
        // A leaf that ends with its CA gains nothing by being issued again.
        let can_renew = can_issue && ends(part) < ends(&examined.authority);
        findings.iter().any(|finding| finding.needs_work(can_renew))
    };
    let mut unfixable = Vec::new();
    let mut choose = |part: &Part, findings: &[Finding], can: bool, step: Step| {
        if !needs_work(part, findings) {
            return false;
        }
        if can {
            steps.push(planned(step, part, findings));
        } else {
            unfixable.push((step.secret().unwrap_or_default(), listed(findings)));
        }
        can
    };
    let knows_trust = is_new || examined.trust.is_some();
    choose(
        &examined.client_ca,
        &examined.client_ca.trust,
        knows_trust,
        Step::WriteClientCa,
    );
    choose(
        &examined.server,
        &examined.server.own,
        can_issue,
        Step::IssueServer,
    );
    let client = &examined.client;
    let issues_client = choose(client, &client.own, can_issue, Step::IssueClient);
    let rewrites_client = issues_client || choose(client, &client.trust, knows_trust, Step::WriteClientTrust);
    if !unfixable.is_empty() {
        return Err(refuse(examined, &unfixable));
    }
    if let Some(secret) = immutable(examined, &steps) {
        return Err(Refusal::Immutable(secret));
    }
    let bundle_exists = !examined.bundle.contains(&Finding::DoesNotExist);
    if rewrites_client || !examined.bundle.is_empty() {
        let finding = if bundle_exists {
            Finding::ClientBundleDiffers
        } else {
            Finding::DoesNotExist
        };
        steps.push(Planned {
            step: Step::WriteBundle,
            replaces: bundle_exists,
            why: finding.to_string(),
        });
    }
    Ok(steps)
}

fn planned(step: Step, part: &Part, findings: &[Finding]) -> Planned {
    Planned {
        step,
        replaces: part.exists,
        why: listed(findings),
    }
}

fn refuse(examined: &Examined, unfixable: &[(&str, String)]) -> Refusal {
    let each = unfixable
        .iter()
        .map(|(secret, findings)| format!("{secret}: {findings}"));
    let mut faulty: Vec<String> = each.collect();
    faulty.dedup();
    let faulty = faulty.join("; ");
    let own = &examined.authority.own;
    let key_is_all = own
        .iter()
        .all(|finding| matches!(finding, Finding::CaKeyMissing | Finding::DoesNotExist));
    if key_is_all {
        Refusal::KeyMissing(faulty)
    } else {
        Refusal::AuthorityInvalid(listed(own), faulty)
    }
}

fn immutable(examined: &Examined, steps: &[Planned]) -> Option<&'static str> {
    steps.iter().find_map(|planned| {
        let part = match planned.step {
            Step::WriteClientCa => &examined.client_ca,
            Step::IssueServer => &examined.server,
            Step::IssueClient | Step::WriteClientTrust => &examined.client,
            Step::CreateAuthority | Step::WriteBundle => return None,
        };
        planned.step.secret().filter(|_| part.is_immutable)
    })
}

#[cfg(test)]
mod tests;
