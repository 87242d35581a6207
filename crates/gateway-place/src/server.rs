//! How the objects of a gateway's server are named.

use client_files::GatewayFolder;
use contract::Failure;
use kube_session::Workload;
use serde::Deserialize;

use crate::read;

/// The server's objects in the gateway's namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerNames {
    /// The workload.
    pub workload: Workload,
    /// The Service.
    pub service: String,
}

/// `deployment.json`: what is known of the release that runs.
#[derive(Debug, Default, Deserialize)]
struct Deployment {
    release: Option<String>,
    facts_of: Option<String>,
    facts: Option<Facts>,
}

/// What a chart's objects say of its server.
#[derive(Debug, Deserialize)]
struct Facts {
    workload: Option<String>,
    service: Option<String>,
}

impl Default for ServerNames {
    /// Both are `openshell`.
    fn default() -> Self {
        let workload = Workload::default();
        Self {
            service: workload.name.clone(),
            workload,
        }
    }
}

impl ServerNames {
    /// Those of the release that was deployed, in a container or on a cluster; else the usual ones.
    ///
    /// # Errors
    /// `cluster_file_invalid` (78) if `deployment.json` cannot be read.
    pub fn of(folder: &GatewayFolder) -> Result<Self, Failure> {
        let deployment: Deployment = read(folder, "deployment.json")?.unwrap_or_default();
        let is_deployed = deployment.release.is_some() && deployment.release == deployment.facts_of;
        let mut names = Self::default();
        if let Some(facts) = deployment.facts.filter(|_| is_deployed) {
            let workload = facts
                .workload
                .and_then(|workload| Workload::parse(&workload).ok());
            names.workload = workload.unwrap_or_default();
            names.service = facts.service.unwrap_or(names.service);
        }
        Ok(names)
    }
}
