//! Refusals in words.

use contract::{Exit, Failure};
use gateway_names::{CLIENT_CA_SECRET, CLIENT_TLS_SECRET, SERVER_TLS_SECRET};

use crate::authority::AUTHORITY_SECRET;
use crate::plan::Refusal;

/// The failure that a refusal is.
pub fn refused(refusal: Refusal, namespace: &str) -> Failure {
    let anew = format!(
        "clients on other machines then need the new bundle: kubectl -n {namespace} delete secret \
         {SERVER_TLS_SECRET} {CLIENT_CA_SECRET} {CLIENT_TLS_SECRET} {AUTHORITY_SECRET} --ignore-not-found, then gw-pki reconcile"
    );
    let (reason, message, hint) = match refusal {
        Refusal::KeyMissing(faulty) => (
            "ca_key_missing",
            format!(
                "a certificate must be issued again ({faulty}), and the key of its CA is not in the cluster"
            ),
            format!(
                "put the CA with its key into Secret {AUTHORITY_SECRET} (ca.crt, ca.key), or have all made anew; {anew}"
            ),
        ),
        Refusal::AuthorityInvalid(findings, faulty) => (
            "ca_invalid",
            format!(
                "a certificate must be issued again ({faulty}), and the CA in Secret {AUTHORITY_SECRET} cannot: {findings}"
            ),
            format!("put the right CA back, or have all made anew; {anew}"),
        ),
        Refusal::Immutable(secret) => (
            "secret_immutable",
            format!("Secret {secret} must be changed, and it is marked immutable"),
            format!(
                "remove it and run this again: kubectl -n {namespace} delete secret {secret}, then gw-pki reconcile"
            ),
        ),
    };
    Failure::new(Exit::Failed, reason, message, hint)
}
