//! The gateway that a run is about: its cluster and the client's folder.

use std::time::{SystemTime, UNIX_EPOCH};

use client_files::{ClientFiles, GatewayFolder};
use contract::{Context, Failure};
use kube_session::{Session, Workload};

use crate::describe;
use crate::examine::Examined;
use crate::report::Report;

/// Both sides of it.
pub struct Gateway {
    /// The cluster.
    pub session: Session,
    /// The client's folder.
    pub folder: GatewayFolder,
}

impl Gateway {
    /// Reads the kubeconfig, resolves the gateway's name, and begins the report. Sends nothing yet.
    pub async fn open(context: &Context<Report>, workload: &Workload) -> Result<Self, Failure> {
        let session = Session::open(context).await?.of_workload(workload);
        let files = ClientFiles::of_user()?;
        let folder = files.gateway(&files.resolve(context.common.gateway.as_deref())?);
        context.report.update(|report| {
            report.gateway = Some(folder.gateway().to_string());
            report.namespace = Some(session.namespace.clone());
            report.dry_run = context.common.dry_run;
        });
        Ok(Self { session, folder })
    }

    /// Shows what was found. `now` is in seconds since 1970.
    pub fn show(&self, report: &mut Report, examined: &Examined, now: i64) {
        describe::show(
            report,
            examined,
            &self.session.workload,
            self.bundle_folder(),
            now,
        );
    }

    /// Where the client's bundle is, for people.
    pub fn bundle_folder(&self) -> String {
        let ca = self.folder.bundle().ca;
        ca.parent().unwrap_or(&ca).display().to_string()
    }
}

/// The clock.
pub fn seconds_since_1970() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
