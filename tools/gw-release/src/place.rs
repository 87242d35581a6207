//! Where a run works: the gateway's folder, a folder of its own, helm, and the cluster.

use std::path::{Path, PathBuf};

use client_files::{GatewayFolder, Lock};
use contract::{Context, Failure};
use gw_release::facts::{Facts, facts, objects};
use gw_release::report::Report;
use kube_session::Cluster;
use serde_json::Value;
use tempfile::TempDir;

use crate::deployment::Deployment;
use crate::file_failure::files_failed;
use crate::flags::Choice;
use crate::gateway;
use crate::helm::Helm;
use crate::kept::{BUNDLED, CHECKOUT};
use crate::reasons::{CHART_INVALID, NO_NODE_PORT, NO_WORKLOAD};
use crate::resolve::Chosen;

/// What every verb has.
#[derive(Debug)]
pub struct Place {
    /// The gateway's folder.
    pub gateway: GatewayFolder,
    /// helm.
    pub helm: Helm,
    scratch: TempDir,
}

impl Place {
    /// On the cluster that the flags name. Nothing is written but a temporary folder.
    pub fn open(context: &Context<Report>, helm: &[PathBuf]) -> Result<Self, Failure> {
        let (_, folder) = gateway::open(context)?;
        Self::on(folder, Cluster::from(&context.common), context, helm)
    }

    /// On this cluster.
    pub fn on(
        gateway: GatewayFolder,
        cluster: Cluster,
        context: &Context<Report>,
        helm: &[PathBuf],
    ) -> Result<Self, Failure> {
        // Values may be secrets, in what helm writes, too.
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
        let scratch = tempfile::Builder::new().prefix("gw-release-").tempdir();
        let scratch = scratch.map_err(|error| files_failed(&std::env::temp_dir(), &error))?;
        context
            .report
            .update(|report| report.namespace = Some(cluster.namespace.clone()));
        let helm = Helm::new(helm, scratch.path(), context.deadline, cluster);
        Ok(Self {
            gateway,
            helm,
            scratch,
        })
    }

    /// The folder of this run alone.
    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// Takes the gateway's lock, see [`gateway::lock`], and lets helm keep it if helm outlives this run.
    pub async fn lock(&mut self, verb: &str, context: &Context<Report>) -> Result<Option<Lock>, Failure> {
        let lock = gateway::lock(&self.gateway, verb, context).await?;
        if let Some(lock) = &lock {
            self.share(lock)?;
        }
        Ok(lock)
    }

    /// Lets helm keep the gateway's lock if helm outlives this run.
    pub fn share(&mut self, lock: &Lock) -> Result<(), Failure> {
        self.helm.share(lock.share(&self.gateway)?);
        Ok(())
    }

    /// The chart's objects as they would be deployed.
    pub async fn render(&self, chosen: &Chosen) -> Result<Vec<Value>, Failure> {
        let mut words = vec!["template".to_owned(), gateway_names::WORKLOAD.to_owned()];
        words.extend(chosen.words());
        words.extend(self.helm.in_namespace());
        let output = self.scratch().join("objects.yaml");
        let ended = self.helm.run(&words, &output).await?;
        let invalid = |why: &str| {
            CHART_INVALID.failure(
                format!(
                    "the chart {} cannot be rendered with these values: {}",
                    chosen.source,
                    why.trim()
                ),
                "run it again with others, once what helm says is solved",
            )
        };
        if !ended.is_well {
            return Err(invalid(&ended.said));
        }
        let text = std::fs::read_to_string(&output).map_err(|error| files_failed(&output, &error))?;
        objects(&text).map_err(|why| invalid(&why))
    }

    /// The facts of what is chosen: known, or rendered; kept if `is_kept`. Those of the bundled chart are known without it.
    pub async fn facts(
        &self,
        choice: &Choice,
        chosen: &Chosen,
        deployment: &mut Deployment,
        is_kept: bool,
        context: &Context<Report>,
    ) -> Result<Facts, Failure> {
        let namespace = context.common.namespace();
        let found = match deployment.facts(&chosen.fingerprint) {
            _ if [BUNDLED, CHECKOUT].contains(&chosen.source.as_str()) => Facts::bundled(),
            Some(known) => known,
            None => {
                let found = facts(&self.render(chosen).await?, namespace);
                if is_kept {
                    deployment.learned(&found, &chosen.fingerprint)?;
                }
                found
            }
        };
        context.report.update(|report| report.facts = Some(found.clone()));
        if found.workload.is_none() {
            let choose = contract::typed_by_driver("start --chart CHART");
            return Err(NO_WORKLOAD.failure(
                format!(
                    "the chart {} has neither a StatefulSet nor a Deployment",
                    chosen.source
                ),
                choose.unwrap_or_else(|| contract::typed("gw-release apply --chart CHART"))
                    + ", with the chart of a gateway server",
            ));
        }
        if choice.in_container && !found.node_port {
            return Err(NO_NODE_PORT.failure(
                format!(
                    "no Service of the chart {} has node port {}, which the container publishes",
                    chosen.source,
                    gateway_names::NODE_PORT
                ),
                format!(
                    "set the Service's type to NodePort and its port to {}, as that chart has it: with --set or --values",
                    gateway_names::NODE_PORT
                ),
            ));
        }
        Ok(found)
    }
}
