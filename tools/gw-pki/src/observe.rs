//! Reads the Secrets and the bundle on disk.

use client_files::GatewayFolder;
use contract::Failure;
use gateway_names::{CLIENT_CA_SECRET, CLIENT_TLS_SECRET, SERVER_TLS_SECRET};
use kube_session::Session;

use crate::authority::AUTHORITY_SECRET;
use crate::observed::Observed;
use crate::serving::Serving;

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
