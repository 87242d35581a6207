//! Reads the Secrets, the server's pods and the bundle on disk.

pub mod serving;

use client_files::{BundleContent, GatewayFolder};
use contract::Failure;
use gateway_names::{AUTHORITY_SECRET, CLIENT_CA_SECRET, CLIENT_TLS_SECRET, SERVER_TLS_SECRET};
use kube_session::{HeldSecret, Session};

use crate::certificate::Certificate;
use serving::Serving;

/// Key of [`AUTHORITY_SECRET`] with the CA certificates (PEM) that are being replaced; no value: none are.
pub const RETIRING: &str = "retiring.crt";

/// What there is.
#[derive(Default)]
pub struct Observed {
    /// The Secret that keeps the CA with its key.
    pub authority: Option<HeldSecret>,
    /// The server's Secret.
    pub server: Option<HeldSecret>,
    /// The Secret with the CA of clients.
    pub client_ca: Option<HeldSecret>,
    /// The Secret of clients.
    pub client: Option<HeldSecret>,
    /// The client's bundle on disk.
    pub bundle: Option<BundleContent>,
    /// Can others read a file of the bundle?
    pub bundle_is_open: bool,
    /// The server's pods that run.
    pub serving: Vec<Serving>,
}

/// Reads the four Secrets and the server's pods at once, then the bundle.
pub async fn observe(session: &Session, folder: &GatewayFolder) -> Result<Observed, Failure> {
    let (authority, server, client_ca, client, pods) = tokio::try_join!(
        session.read_secret(AUTHORITY_SECRET),
        session.read_secret(SERVER_TLS_SECRET),
        session.read_secret(CLIENT_CA_SECRET),
        session.read_secret(CLIENT_TLS_SECRET),
        session.server_pods(),
    )?;
    let files = folder.bundle();
    let is_open = |path| folder.mode_of(path).is_some_and(|mode| mode & 0o077 != 0);
    Ok(Observed {
        authority,
        server,
        client_ca,
        client,
        bundle: folder.read_bundle()?,
        bundle_is_open: [&files.ca, &files.certificate, &files.key]
            .into_iter()
            .any(|path| is_open(path)),
        serving: pods.iter().filter_map(Serving::of).collect(),
    })
}

/// Four reads are no snapshot: between two of them another run may have made the CA, or another one, and then written more.
/// Nothing is decided from them unless the CA is still the one that was read first.
pub async fn is_still_current(session: &Session, observed: &Observed) -> Result<bool, Failure> {
    let now = session.read_secret(AUTHORITY_SECRET).await?;
    Ok(match (&now, &observed.authority) {
        (None, None) => true,
        (Some(now), Some(read)) => now.is_unchanged_since(read),
        _ => false,
    })
}

/// The certificates that a Secret has under a key; `None` where there are none that can be read.
pub fn certificates(secret: Option<&HeldSecret>, key: &str) -> Option<Vec<Certificate>> {
    Certificate::read_all(secret?.value(key)?)
}

/// The value of a key, unless it is empty.
pub fn present<'a>(secret: &'a HeldSecret, key: &str) -> Option<&'a [u8]> {
    secret.value(key).filter(|value| !value.is_empty())
}
