//! What to do, from what was found. Pure.

pub mod step;

use gateway_names::{AUTHORITY_SECRET, CLIENT_CA_SECRET, CLIENT_TLS_SECRET, SERVER_TLS_SECRET};

use crate::examine::ca_change::is_usable;
use crate::examine::{Examined, Part};
use crate::finding::{Finding, listed};
use crate::report::Phase;
use step::Step;

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

/// What the user wants to be made again although it is valid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// The CA.
    pub authority: bool,
    /// The server's certificate.
    pub server: bool,
    /// The client's certificate.
    pub client: bool,
}

/// Why nothing can be done: this Secret must be changed, and it is marked immutable.
#[derive(Debug, PartialEq, Eq)]
pub struct Immutable(pub &'static str);

impl Wish {
    /// A step was done: what it makes is not wanted once more.
    pub fn is_granted_by(&mut self, step: Step) {
        match step {
            Step::MakeAuthority => self.authority = false,
            Step::IssueServer => self.server = false,
            Step::IssueClient => self.client = false,
            _ => {}
        }
    }
}

/// Decides. An empty plan means that everything is as it should be, or that a change of the CA waits for the server.
pub fn plan(examined: &Examined, wish: Wish) -> Result<Vec<Planned>, Immutable> {
    let steps = match examined.phase {
        Phase::Dropping => dropping(examined, wish),
        Phase::Rolling | Phase::Steady => repairing(examined, wish),
    };
    match steps.iter().find_map(|planned| immutable(planned.step, examined)) {
        Some(secret) => Err(Immutable(secret)),
        None => Ok(steps),
    }
}

fn immutable(step: Step, examined: &Examined) -> Option<&'static str> {
    // A new CA is the beginning of new content for all of them.
    let writes = match step {
        Step::MakeAuthority | Step::NoteRetiring => {
            &[step, Step::IssueServer, Step::WriteClientCa, Step::IssueClient][..]
        }
        _ => &[step],
    };
    let is_immutable = |step: &&Step| step.part(examined).is_some_and(|part| part.is_immutable);
    writes.iter().find(is_immutable)?.secret()
}

/// The first steps, as far as they rest on what was observed: a CA that was written ends a round, and so does a Secret
/// that was written before the bundle.
pub fn this_round(steps: &[Planned]) -> &[Planned] {
    let of_authority = |planned: &Planned| planned.step.secret() == Some(AUTHORITY_SECRET);
    if let Some(end) = steps.iter().position(of_authority) {
        return &steps[..=end];
    }
    let later = steps
        .iter()
        .skip(1)
        .position(|planned| planned.step == Step::WriteBundle);
    &steps[..later.map_or(steps.len(), |later| later + 1)]
}

fn repairing(examined: &Examined, wish: Wish) -> Vec<Planned> {
    let is_rolling = examined.phase == Phase::Rolling;
    let can_issue = examined.can_issue();
    if needs_authority(examined, wish) {
        let why = why_authority(examined, wish);
        return vec![planned(Step::MakeAuthority, &examined.authority, why)];
    }
    let [server, client_ca, client] = [&examined.server, &examined.client_ca, &examined.client];
    let is_foreign = |part: &Part| part.own.contains(&Finding::IncorrectIssuer);
    if can_issue && !is_rolling && !examined.others.is_empty() && (is_foreign(server) || is_foreign(client)) {
        let why = "certificates are another CA's".to_owned();
        return vec![planned(Step::NoteRetiring, &examined.authority, why)];
    }
    let mut steps = Vec::new();
    if has_fault(&client_ca.trust) {
        steps.push(planned(Step::WriteClientCa, client_ca, listed(&client_ca.trust)));
    }
    let server_is_due = can_issue && (is_due(&server.own) || wish.server);
    let client_is_due = can_issue && (is_due(&client.own) || wish.client);
    // While the CA changes, a client that is well off waits until the server knows the new one.
    let server_is_ready = examined.server_is_ready && !server_is_due;
    let client_waits = is_rolling && is_usable(client) && !server_is_ready;
    let issues_client = client_is_due && !client_waits;
    let writes_trust = has_fault(&client.trust) && !issues_client;
    if writes_trust {
        steps.push(planned(Step::WriteClientTrust, client, listed(&client.trust)));
    }
    // While the CA changes, clients trust the new one before the server shows a certificate of it.
    if is_rolling {
        steps.extend(bundle(examined, writes_trust));
    }
    if server_is_due {
        steps.push(planned(Step::IssueServer, server, why_leaf(server, wish.server)));
    }
    if issues_client {
        steps.push(planned(Step::IssueClient, client, why_leaf(client, wish.client)));
    }
    if !is_rolling || issues_client {
        steps.extend(bundle(examined, writes_trust || issues_client));
    }
    steps
}

fn dropping(examined: &Examined, wish: Wish) -> Vec<Planned> {
    if wish.server || wish.client || is_due(&examined.client.own) || is_due(&examined.server.own) {
        return repairing(examined, wish);
    }
    // The client on disk shows its new certificate before the server forgets who issued the old one.
    let mut steps: Vec<Planned> = bundle(examined, false).into_iter().collect();
    if !steps.is_empty() {
        return steps;
    }
    let why = || "the CA was replaced".to_owned();
    let is_outdated = |part: &Part| part.trusts_retiring || has_fault(&part.trust);
    let [client_ca, client] = [&examined.client_ca, &examined.client];
    if is_outdated(client_ca) {
        steps.push(planned(Step::WriteClientCa, client_ca, why()));
    }
    if is_outdated(client) {
        steps.push(planned(Step::WriteClientTrust, client, why()));
    }
    steps.extend(bundle(examined, is_outdated(client)));
    if steps.is_empty() {
        steps.push(planned(Step::ForgetRetired, &examined.authority, why()));
    }
    steps
}

/// A new CA, because there is none yet, because the one there is cannot do what must be done, or because it is wanted.
fn needs_authority(examined: &Examined, wish: Wish) -> bool {
    let parts = [&examined.server, &examined.client_ca, &examined.client];
    if examined.phase != Phase::Steady {
        return false;
    }
    if wish.authority {
        return true;
    }
    if !examined.can_issue() {
        let is_faulty = |part: &&Part| has_fault(&part.own);
        let lacks_trust = |part: &&Part| has_fault(&part.trust) && examined.trust.is_none();
        let is_wanted = wish.server || wish.client;
        return is_wanted || parts.iter().any(|part| is_faulty(part) || lacks_trust(part));
    }
    // A certificate that is late and ends with its CA gains no time by being issued again.
    let end = |part: &Part| part.certificate.as_ref().map(|certificate| certificate.not_after);
    parts.iter().any(|part| {
        let is_late = part.own.contains(&Finding::Expiring);
        is_late && end(part) >= end(&examined.authority)
    })
}

fn why_authority(examined: &Examined, wish: Wish) -> String {
    if wish.authority {
        return "it was asked for with --rotate ca".to_owned();
    }
    let faults = [
        (AUTHORITY_SECRET, &examined.authority),
        (SERVER_TLS_SECRET, &examined.server),
        (CLIENT_CA_SECRET, &examined.client_ca),
        (CLIENT_TLS_SECRET, &examined.client),
    ];
    if faults[1..].iter().all(|(_, part)| !part.exists) {
        return listed(&examined.authority.own);
    }
    let faults = faults.iter().filter(|(_, part)| !part.findings().is_empty());
    let faults: Vec<String> = faults
        .map(|(secret, part)| format!("{secret}: {}", listed(&part.findings())))
        .collect();
    faults.join("; ")
}

fn why_leaf(part: &Part, is_wanted: bool) -> String {
    if is_due(&part.own) {
        listed(&part.own)
    } else {
        debug_assert!(is_wanted);
        "it was asked for with --rotate leaf".to_owned()
    }
}

fn bundle(examined: &Examined, client_is_written: bool) -> Option<Planned> {
    if !client_is_written && examined.bundle.is_empty() {
        return None;
    }
    // Without a Secret of clients there is nothing to give.
    if !examined.client.exists && !client_is_written {
        return None;
    }
    let exists = !examined.bundle.contains(&Finding::DoesNotExist);
    let finding = if exists {
        Finding::ClientBundleDiffers
    } else {
        Finding::DoesNotExist
    };
    Some(Planned {
        step: Step::WriteBundle,
        replaces: exists,
        why: finding.to_string(),
    })
}

fn has_fault(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.is_fault())
}

fn is_due(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.is_due())
}

fn planned(step: Step, part: &Part, why: String) -> Planned {
    Planned {
        step,
        replaces: part.exists,
        why,
    }
}

#[cfg(test)]
mod tests;
