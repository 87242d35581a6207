//! The gateway's Kubernetes, in a container or on a cluster of somebody's own. Docker is not asked.

use client_files::ClientFiles;
use contract::{Context, Failure};
use gateway_names::GatewayName;
use gateway_place::Place;
use gw_node::report::Report;
use kube_session::Session;

/// A gateway, and a session on its Kubernetes.
pub struct Reach {
    /// The gateway.
    pub gateway: GatewayName,
    /// Where it is.
    pub place: Place,
    /// Requests end with the run's deadline.
    pub session: Session,
}

impl Reach {
    /// Finds the gateway and reads its kubeconfig; sends nothing yet.
    pub async fn begin(context: &Context<Report>) -> Result<Self, Failure> {
        let files = ClientFiles::of_user()?;
        let gateway = files.resolve(context.common.gateway.as_deref())?;
        context.report.update(|report| {
            report.work.gateway = Some(gateway.to_string());
            report.work.dry_run = context.common.dry_run;
        });
        let place = Place::of_any(&files.gateway(&gateway), &context.common)?;
        let session = Session::open_on(&place.cluster, context, context.deadline).await?;
        Ok(Self {
            gateway,
            session: session.of_workload(&place.workload),
            place,
        })
    }

    /// What kubectl is told to mean the same cluster and namespace.
    pub fn kubectl(&self) -> String {
        let cluster = &self.place.cluster;
        let mut words = "kubectl".to_owned();
        let mut flag = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                words.push_str(&format!(" --{name} {}", contract::quoted(&value)));
            }
        };
        let file = cluster.kubeconfig.as_ref();
        flag("kubeconfig", file.map(|file| file.display().to_string()));
        flag("context", cluster.context.clone());
        flag("namespace", Some(cluster.namespace.clone()));
        words
    }
}
