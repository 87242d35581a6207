//! Which gateway a run is about: its folder and its lock.

use client_files::{ClientFiles, GatewayFolder, Lock};
use contract::{Context, Failure};
use gateway_place::PlaceFile;
use gw_release::report::{PlaceField, Report};

use crate::reasons::GATEWAY_EXISTS;

/// Resolves the gateway, and says in the report which it is. Nothing is written.
pub fn open(context: &Context<Report>) -> Result<(ClientFiles, GatewayFolder), Failure> {
    let files = ClientFiles::of_user()?;
    let name = files.resolve(context.common.gateway.as_deref())?;
    context.report.update(|report| {
        report.gateway = Some(name.to_string());
        report.dry_run = context.common.dry_run;
    });
    let folder = files.gateway(&name);
    Ok((files, folder))
}

/// Takes the gateway's lock; `None` for a dry run, which writes nothing.
pub async fn lock(
    folder: &GatewayFolder,
    verb: &str,
    context: &Context<Report>,
) -> Result<Option<Lock>, Failure> {
    let common = &context.common;
    if common.dry_run {
        return Ok(None);
    }
    let lock = Lock::acquire(
        folder,
        verb,
        common.lock_timeout,
        common.lock_fd,
        &context.console,
    );
    lock.await.map(Some)
}

/// Says in the report where on a cluster it is. `is_own`: was the namespace made for the gateway?
pub fn show(place: &PlaceFile, is_own: Option<bool>, context: &Context<Report>) {
    context.report.update(|report| {
        report.namespace = Some(place.namespace.clone());
        report.place = Some(PlaceField::of(place, is_own));
    });
}

/// Of a gateway of which no cluster is kept: is it one in a container?
pub fn is_in_container(folder: &GatewayFolder) -> bool {
    folder.spec_copy().exists() || folder.metadata_file().exists()
}

/// It is, and the verb is for one on a cluster.
pub fn in_container(folder: &GatewayFolder, hint: impl Into<String>) -> Failure {
    GATEWAY_EXISTS.failure(
        format!("gateway {} is one in a container", folder.gateway()),
        hint,
    )
}
