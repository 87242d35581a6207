//! Refusals in words.

use contract::Failure;
use gateway_names::HANDSHAKE_SECRET;

use crate::plan::Refusal;
use crate::reasons::{
    ADOPT_REFUSED, HANDSHAKE_INVALID, SANDBOX_SECRET_INVALID, SANDBOXES_DISAGREE, SECRET_IMMUTABLE,
};
use crate::report::Carried;

/// The failure that a refusal is.
pub fn refused(refusal: Refusal, carried: &[Carried]) -> Failure {
    let again = contract::typed("gw-sshsecret reconcile");
    let (reason, message, hint) = match refusal {
        Refusal::Invalid(why) => (
            HANDSHAKE_INVALID,
            format!("Secret {HANDSHAKE_SECRET} is no handshake secret: {why}"),
            format!(
                "put the right value back, or take what live sandboxes carry, else a new one: {again} --replace-invalid"
            ),
        ),
        Refusal::Disagree => (
            SANDBOXES_DISAGREE,
            format!(
                "Secret {HANDSHAKE_SECRET} has no valid secret, and live sandboxes carry different ones: {}",
                counted(carried)
            ),
            format!("choose the one to keep: {again} --adopt FINGERPRINT"),
        ),
        Refusal::CarriedInvalid(why) => (
            SANDBOX_SECRET_INVALID,
            format!(
                "Secret {HANDSHAKE_SECRET} has no valid secret, and what live sandboxes carry is none: {why} ({})",
                counted(carried)
            ),
            format!("delete these sandboxes, then {again}"),
        ),
        Refusal::NotCarried => (
            ADOPT_REFUSED,
            format!(
                "no live sandbox carries the secret that --adopt names; there is: {}",
                counted(carried)
            ),
            format!("{} shows the fingerprints", contract::typed("gw-sshsecret check")),
        ),
        Refusal::AnotherExists => (
            ADOPT_REFUSED,
            format!(
                "Secret {HANDSHAKE_SECRET} exists and is another one than --adopt names; it was not changed"
            ),
            format!(
                "see who carries which: {}; replace it all the same: {again} --rotate --adopt FINGERPRINT --yes",
                contract::typed("gw-sshsecret check")
            ),
        ),
    };
    reason.failure(message, hint)
}

/// `--rotate` without `--yes`.
pub fn unconfirmed(lost: &[String]) -> Failure {
    let message = if lost.is_empty() {
        format!("--rotate replaces the secret in Secret {HANDSHAKE_SECRET}: it needs --yes")
    } else {
        format!(
            "--rotate replaces the secret in Secret {HANDSHAKE_SECRET}, and the gateway loses these live sandboxes, which \
             carry another one: {}; it needs --yes",
            lost.join(", ")
        )
    };
    Failure::usage(message, "add --yes if that is meant; --dry-run shows the plan")
}

/// The Secret must be changed and cannot be.
pub fn immutable(namespace: &str) -> Failure {
    SECRET_IMMUTABLE.failure(
        format!("Secret {HANDSHAKE_SECRET} must be changed, and it is marked immutable"),
        format!(
            "remove it and run this again: kubectl -n {namespace} delete secret {HANDSHAKE_SECRET}, then {}",
            contract::typed("gw-sshsecret reconcile")
        ),
    )
}

fn counted(carried: &[Carried]) -> String {
    let each = carried.iter().map(|group| {
        let count = group.sandboxes.len();
        let noun = if count == 1 { "sandbox" } else { "sandboxes" };
        format!("{} in {count} {noun}", group.fingerprint)
    });
    let text = each.collect::<Vec<_>>().join(", ");
    if text.is_empty() { "none".to_owned() } else { text }
}
