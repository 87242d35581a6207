//! Refusals in words.

use contract::{Exit, Failure};

use crate::plan::Immutable;

/// The failure that a refusal is.
pub fn refused(Immutable(secret): Immutable, namespace: &str) -> Failure {
    Failure::new(
        Exit::Failed,
        "secret_immutable",
        format!("Secret {secret} must be changed, and it is marked immutable"),
        format!(
            "remove it and run this again: kubectl -n {namespace} delete secret {secret}, then {}",
            contract::typed("gw-pki reconcile")
        ),
    )
}
