//! Keeps sandboxes' pods back until the gateway server answers.
//!
//! A supervisor that finds no server gives up after about 11 s, and with restartPolicy Never that is the end of its sandbox. Pods are made
//! by the sandbox controller, which works only while it holds its lease: so the node holds it. Everything else starts meanwhile.

use std::collections::BTreeSet;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, Service};
use kube::api::ListParams;
use kube::{Api, Client};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::plan::{Here, Lease, Server};
use super::{act, told};
use crate::cluster::is_code;

/// While no server answers. A controller could only make pods that give up; beyond this the server is not slow but broken, and whoever
/// repairs it may want to use the controller.
const LIMIT: Duration = Duration::from_secs(600);
/// While one server answers and another does not, which may be another gateway's. Twice what a slow server takes.
const LIMIT_OF_OTHERS: Duration = Duration::from_secs(120);
/// Leases are renewed so often, a third of their duration.
const RENEWAL: Duration = Duration::from_secs(5);
/// Between two questions for the servers.
const PAUSE: Duration = Duration::from_millis(250);
/// How long a connection to a Service may take.
const CONNECT_TIME: Duration = Duration::from_secs(1);

/// Leases that this node holds.
pub struct Hold {
    /// The administrator's client.
    pub client: Client,
    /// This node.
    pub here: Here,
    /// The leases.
    pub leases: Vec<Lease>,
    /// The servers that are waited for.
    pub servers: BTreeSet<Server>,
}

impl Hold {
    /// Holds the leases until the servers answer, or until the limit, and gives them back.
    pub async fn until_served(mut self) {
        let begun = Instant::now();
        let mut renewed = begun;
        loop {
            let silent = self.silent().await;
            if is_over(self.servers.len() - silent.len(), silent.len(), begun.elapsed()) {
                self.end(&silent, begun.elapsed()).await;
                return;
            }
            if renewed.elapsed() >= RENEWAL {
                self.renew().await;
                renewed = Instant::now();
            }
            sleep(PAUSE).await;
        }
    }

    async fn end(&self, silent: &[&Server], waited: Duration) {
        for server in silent {
            eprintln!(
                "cluster-node: Service {}/{} does not answer after {} s; its sandboxes start all the same",
                server.namespace,
                server.name,
                waited.as_secs()
            );
        }
        for lease in &self.leases {
            if let Err(error) = act::give_back(&self.client, lease).await {
                eprintln!(
                    "cluster-node: {}; its controller waits until it expires",
                    told(&error)
                );
            }
        }
        eprintln!(
            "cluster-node: sandboxes' pods may start, {:.1} s after the kubelet could",
            waited.as_secs_f64()
        );
    }

    async fn renew(&mut self) {
        let mut held = Vec::new();
        for lease in std::mem::take(&mut self.leases) {
            match act::hold(&self.client, &self.here, &lease).await {
                Ok(renewed) => held.push(renewed),
                Err(error) => {
                    eprintln!("cluster-node: {}", told(&error));
                    let cause = error.downcast_ref::<kube::Error>();
                    // Somebody else has it now.
                    if !cause.is_some_and(|cause| is_code(cause, 409)) {
                        held.push(lease);
                    }
                }
            }
        }
        self.leases = held;
    }

    async fn silent(&self) -> Vec<&Server> {
        let mut silent = Vec::new();
        for server in &self.servers {
            if !self.answers(server).await.unwrap_or(false) {
                silent.push(server);
            }
        }
        silent
    }

    /// Whether a pod behind the Service has become ready since this start, and takes connections at the Service's address. Until the
    /// kubelet reports, the API server says of pods what was true before, and their addresses may be others' by now.
    async fn answers(&self, server: &Server) -> Result<bool, kube::Error> {
        let services: Api<Service> = Api::namespaced(self.client.clone(), &server.namespace);
        let Some(spec) = services.get_opt(&server.name).await?.and_then(|found| found.spec) else {
            return Ok(false);
        };
        if let Some(selector) = spec.selector.filter(|selector| !selector.is_empty()) {
            let labels: Vec<String> = selector
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            let pods: Api<Pod> = Api::namespaced(self.client.clone(), &server.namespace);
            let pods = pods
                .list(&ListParams::default().labels(&labels.join(",")))
                .await?;
            if !pods.iter().any(|pod| self.is_ready(pod)) {
                return Ok(false);
            }
        }
        let first = spec
            .ports
            .iter()
            .flatten()
            .next()
            .and_then(|port| u16::try_from(port.port).ok());
        let address = spec
            .cluster_ip
            .and_then(|address| address.parse::<std::net::IpAddr>().ok());
        // A Service without an address of its own is as ready as its pods are.
        let (Some(address), Some(port)) = (address, server.port.or(first)) else {
            return Ok(true);
        };
        let connected = timeout(CONNECT_TIME, TcpStream::connect((address, port))).await;
        Ok(matches!(connected, Ok(Ok(_))))
    }

    fn is_ready(&self, pod: &Pod) -> bool {
        let Some(status) = &pod.status else {
            return false;
        };
        let is_ready = status
            .conditions
            .iter()
            .flatten()
            .any(|condition| condition.type_ == "Ready" && condition.status == "True");
        let started = status.container_statuses.iter().flatten().all(|container| {
            let running = container.state.as_ref().and_then(|state| state.running.as_ref());
            let since = running.and_then(|running| running.started_at.as_ref());
            // Kubernetes' times are whole seconds.
            since.is_some_and(|since| since.0.as_second() >= self.here.booted.as_second())
        });
        is_ready && started
    }
}

fn is_over(answering: usize, silent: usize, waited: Duration) -> bool {
    silent == 0 || waited >= LIMIT || (answering > 0 && waited >= LIMIT_OF_OTHERS)
}

#[cfg(test)]
mod tests {
    use super::{LIMIT, LIMIT_OF_OTHERS, is_over};
    use std::time::Duration;

    #[test]
    fn all_servers_are_waited_for_and_one_that_is_broken_does_not_stop_the_others_for_long() {
        let minute = Duration::from_secs(60);
        for (answering, silent, waited, expected) in [
            (1, 0, Duration::ZERO, true),
            (2, 0, minute, true),
            (0, 1, minute, false),
            (0, 1, LIMIT_OF_OTHERS, false),
            (0, 2, LIMIT, true),
            (1, 1, minute, false),
            (1, 1, LIMIT_OF_OTHERS, true),
        ] {
            assert_eq!(
                is_over(answering, silent, waited),
                expected,
                "{answering} {silent} {waited:?}"
            );
        }
    }
}
