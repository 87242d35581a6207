//! Refusals in words.

use contract::Failure;

use crate::plan::Immutable;
use crate::reasons::SECRET_IMMUTABLE;

/// The failure that a refusal is.
pub fn refused(Immutable(secret): Immutable, namespace: &str) -> Failure {
    SECRET_IMMUTABLE.failure(
        format!("Secret {secret} must be changed, and it is marked immutable"),
        format!(
            "remove it and run this again: kubectl -n {namespace} delete secret {secret}, then {}",
            contract::typed("gw-pki reconcile")
        ),
    )
}
