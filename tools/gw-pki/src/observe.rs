//! Reads the Secrets and the bundle on disk.

use client_files::GatewayFolder;
use contract::Failure;
use gateway_names::{CLIENT_CA_SECRET, CLIENT_TLS_SECRET, SERVER_TLS_SECRET};
use kube_session::Session;

use crate::authority::AUTHORITY_SECRET;
use crate::examine::Observed;

/// Reads the four Secrets at once, then the bundle. The CA's Secret is read again where it alone seems to be absent.
pub async fn observe(session: &Session, folder: &GatewayFolder) -> Result<Observed, Failure> {
    let (mut authority, server, client_ca, client) = tokio::try_join!(
        session.read_secret(AUTHORITY_SECRET),
        session.read_secret(SERVER_TLS_SECRET),
        session.read_secret(CLIENT_CA_SECRET),
        session.read_secret(CLIENT_TLS_SECRET),
    )?;
    // Whoever makes a PKI creates the CA first. Four reads are no snapshot: another run may have created it, and then one of
    // the others, between two of them.
    if authority.is_none() && (server.is_some() || client_ca.is_some() || client.is_some()) {
        authority = session.read_secret(AUTHORITY_SECRET).await?;
    }
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
    })
}
