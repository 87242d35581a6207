//! The SSH handshake secret, and who carries it.

use gw_sshsecret::report::{Holder, Kind, Report};

use crate::cause::Cause;
use crate::finding::Finding;
use crate::observe::{Observed, known};

/// What is wrong.
pub fn findings(observed: &Observed<'_>) -> Vec<Finding> {
    let Some(checked) = observed.answers.secret.as_ref().map(|document| &document.report) else {
        return Vec::new();
    };
    let mut found: Vec<Finding> = of_secret(observed, checked).into_iter().collect();
    let differing = checked
        .holders
        .iter()
        .filter(|holder| holder.agrees == Some(false));
    found.extend(differing.map(|holder| match holder.kind {
        Kind::Sandbox => handshake_differs(observed, checked, holder),
        Kind::Gateway => server_outdated(observed, checked, holder),
    }));
    found
}

fn of_secret(observed: &Observed<'_>, checked: &Report) -> Option<Finding> {
    let object = format!(
        "secret {}/{}",
        known(checked.namespace.as_deref()),
        known(checked.secret.as_deref())
    );
    match (checked.exists?, &checked.fingerprint) {
        (false, _) => Some(Finding::new(
            Cause::SecretMissing,
            object,
            "the SSH handshake Secret does not exist, and the server needs it to start",
            observed.again(),
        )),
        (true, None) => Some(Finding::new(
            Cause::SecretInvalid,
            object,
            "the Secret exists and holds no handshake secret",
            observed.tool(&format!(
                "gw-sshsecret reconcile {} --replace-invalid --restart",
                observed.spelling.reach_namespace
            )),
        )),
        (true, Some(_)) => None,
    }
}

fn handshake_differs(observed: &Observed<'_>, checked: &Report, holder: &Holder) -> Finding {
    let carried = known(holder.fingerprint.as_deref());
    let reach = &observed.spelling.reach_namespace;
    let mut others = checked.holders.iter().filter(|other| other.kind == Kind::Sandbox);
    // If all sandboxes carry one secret, it is the right one.
    let next = if others.all(|other| other.fingerprint == holder.fingerprint) {
        observed.tool(&format!(
            "gw-sshsecret reconcile {reach} --rotate --adopt {carried} --restart --yes"
        ))
    } else {
        let check = observed.tool(&format!("gw-sshsecret check {reach}"));
        format!("{check} # says who carries what, and reconcile --help how to choose")
    };
    Finding::new(
        Cause::HandshakeDiffers,
        format!("sandbox {}", holder.name),
        format!(
            "it carries handshake secret {carried}, and the Secret holds {}: the gateway cannot reach it",
            known(checked.fingerprint.as_deref())
        ),
        next,
    )
}

fn server_outdated(observed: &Observed<'_>, checked: &Report, holder: &Holder) -> Finding {
    Finding::new(
        Cause::ServerOutdated,
        format!("pod {}", holder.name),
        format!(
            "the server has another handshake secret than the Secret: {}",
            holder.detail
        ),
        format!(
            "{} --namespace {} rollout restart {}",
            observed.spelling.kubectl,
            known(checked.namespace.as_deref()),
            observed.workload
        ),
    )
}
