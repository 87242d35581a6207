//! The Secret that keeps the CA.

/// Secret with the CA's certificate and key (`ca.crt`, `ca.key`). It is this project's own: gateways made elsewhere have
/// none.
pub const AUTHORITY_SECRET: &str = "openshell-ca";
/// Key of [`AUTHORITY_SECRET`] with the CA certificates (PEM) that are being replaced; no value: none are.
pub const RETIRING: &str = "retiring.crt";
