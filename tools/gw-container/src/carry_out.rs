//! Carries a plan out, step by step. What a first start made is removed again where it fails.

use std::collections::HashMap;

use bollard::errors::Error;
use bollard::models::{
    EndpointIpamConfig, EndpointSettings, Ipam, IpamConfig, NetworkConnectRequest, NetworkCreateRequest,
    NetworkDisconnectRequest, VolumeCreateRequest,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder, RemoveVolumeOptions,
    RenameContainerOptionsBuilder, StopContainerOptionsBuilder,
};
use contract::{Action, Exit, Failure};
use docker_session::{absent, docker_failure, is_status};
use gateway_facts::{Confinement, Facts, Network, aside_name};
use gateway_names::GATEWAY_LABEL;

use crate::create_body::{create_body, is_privileged};
use crate::image::Image;
use crate::network_choice::{Subnet, free_subnet};
use crate::steps::{NetworkInUse, Plan, Step};
use crate::work::Work;

/// Seconds that a container has to stop by itself before it is replaced.
const GRACE_SECONDS: i32 = 30;

/// What the steps work with and leave.
pub struct Carrier<'a> {
    /// The run.
    pub work: &'a Work,
    /// What is carried out.
    pub plan: &'a Plan,
    /// What Docker knew when it was planned.
    pub facts: &'a Facts,
    /// The image that a container is made from.
    pub image: Option<&'a Image>,
    /// Environment of the container that is replaced.
    pub carried: Vec<String>,
    /// Subnets that nothing may overlap.
    pub used: Vec<Subnet>,
}

/// What this run made, so that it can be unmade.
#[derive(Default)]
struct Made {
    volume: bool,
    network: Option<NetworkInUse>,
    container: bool,
    set_aside: bool,
    stopped: bool,
}

impl Carrier<'_> {
    /// All steps; with `--dry-run` they are only reported.
    pub async fn carry_out(self) -> Result<(), Failure> {
        let mut made = Made::default();
        for step in &self.plan.steps {
            let action = step.action(&self.work.gateway);
            self.work.announce(&action);
            if !self.work.dry_run
                && let Err(failure) = self.take(step, &mut made).await
            {
                self.unmake(&made).await;
                return Err(failure);
            }
            self.work.did(action);
        }
        Ok(())
    }

    async fn take(&self, step: &Step, made: &mut Made) -> Result<(), Failure> {
        let name = self.work.gateway.resource();
        let aside = aside_name(&self.work.gateway);
        match step {
            Step::RestoreAside => self.rename(&aside, &name).await,
            Step::CreateVolume => {
                self.create_volume(&name).await?;
                made.volume = true;
                Ok(())
            }
            Step::CreateNetwork(subnet) => {
                made.network = Some(self.create_network(&name, *subnet).await?);
                Ok(())
            }
            Step::StopOld => {
                stop(self.work, &name, GRACE_SECONDS).await?;
                made.stopped = true;
                Ok(())
            }
            Step::SetAside(_) => {
                self.rename(&name, &aside).await?;
                made.set_aside = true;
                Ok(())
            }
            Step::CreateContainer(_) => {
                self.create_container(made, self.privileged()).await?;
                made.container = true;
                Ok(())
            }
            Step::Reattach(_) => self.reattach(&name, made).await,
            Step::Start(_) => {
                self.start(&name, made).await?;
                // From now on it may hold data: a later failure removes nothing.
                *made = Made::default();
                Ok(())
            }
            Step::Unpause => self
                .work
                .session
                .api()
                .unpause_container(&name)
                .await
                .map_err(|error| docker_failure(&format!("unpause container {name}"), &error)),
            Step::RemoveDead => remove(self.work, &name).await,
            Step::RemoveAside => remove(self.work, &aside).await,
        }
    }

    fn privileged(&self) -> bool {
        self.image
            .is_none_or(|image| is_privileged(self.plan.spec.confinement, image))
    }

    fn network<'b>(&'b self, made: &'b Made) -> &'b NetworkInUse {
        made.network
            .as_ref()
            .or(self.plan.network.as_ref())
            .expect("a plan makes the network that it needs")
    }

    async fn rename(&self, from: &str, to: &str) -> Result<(), Failure> {
        let options = RenameContainerOptionsBuilder::new().name(to).build();
        let renamed = self.work.session.api().rename_container(from, options).await;
        renamed.map_err(|error| docker_failure(&format!("rename container {from} to {to}"), &error))
    }

    async fn create_volume(&self, name: &str) -> Result<(), Failure> {
        let request = VolumeCreateRequest {
            name: Some(name.to_owned()),
            labels: Some(self.label()),
            ..VolumeCreateRequest::default()
        };
        let made = self.work.session.api().create_volume(request).await;
        made.map(drop)
            .map_err(|error| docker_failure(&format!("create volume {name}"), &error))
    }

    /// Somebody else may take the subnet in between: Docker then refuses it with 403, and the next one is tried.
    async fn create_network(&self, name: &str, first: Subnet) -> Result<NetworkInUse, Failure> {
        let mut used = self.used.clone();
        let mut subnet = first;
        loop {
            let (address, length) = subnet;
            let request = NetworkCreateRequest {
                name: name.to_owned(),
                driver: Some("bridge".to_owned()),
                ipam: Some(Ipam {
                    config: Some(vec![IpamConfig {
                        subnet: Some(format!("{address}/{length}")),
                        ..IpamConfig::default()
                    }]),
                    ..Ipam::default()
                }),
                labels: Some(self.label()),
                ..NetworkCreateRequest::default()
            };
            let made = self.work.session.api().create_network(request).await;
            used.push(subnet);
            let next = free_subnet(self.work.gateway.as_str(), &used);
            match (made, next) {
                (Ok(made), _) => {
                    let network = Network {
                        id: made.id.clone(),
                        label: Some(self.work.gateway.to_string()),
                        subnet: Some(subnet),
                    };
                    return Ok(NetworkInUse {
                        pinned: network.address_to_pin(),
                        reference: made.id,
                    });
                }
                (Err(error), Some(next)) if is_status(&error, 403) => subnet = next,
                (Err(error), _) => return Err(docker_failure(&format!("create network {name}"), &error)),
            }
        }
    }

    fn label(&self) -> HashMap<String, String> {
        HashMap::from([(GATEWAY_LABEL.to_owned(), self.work.gateway.to_string())])
    }

    async fn create_container(&self, made: &Made, privileged: bool) -> Result<(), Failure> {
        let name = self.work.gateway.resource();
        let body = create_body(
            &self.work.gateway,
            &self.plan.spec,
            &self.plan.image_reference,
            privileged,
            self.network(made),
            &self.carried,
        );
        let options = CreateContainerOptionsBuilder::new().name(&name).build();
        let answer = self.work.session.api().create_container(Some(options), body).await;
        answer
            .map(drop)
            .map_err(|error| docker_failure(&format!("create container {name}"), &error))
    }

    /// Leaves the network that the container refers to by name, which may be gone, and joins the one that exists.
    async fn reattach(&self, name: &str, made: &Made) -> Result<(), Failure> {
        let api = self.work.session.api();
        let attached = crate::plan::present(self.facts)
            .is_some_and(|container| container.attachments.iter().any(|at| at.name == name));
        if attached {
            let request = NetworkDisconnectRequest {
                container: name.to_owned(),
                force: Some(true),
            };
            absent(api.disconnect_network(name, request).await)
                .map_err(|error| docker_failure(&format!("detach container {name}"), &error))?;
        }
        let network = self.network(made);
        let request = NetworkConnectRequest {
            container: name.to_owned(),
            endpoint_config: Some(EndpointSettings {
                ipam_config: network.pinned.map(|address| EndpointIpamConfig {
                    ipv4_address: Some(address.to_string()),
                    ..EndpointIpamConfig::default()
                }),
                ..EndpointSettings::default()
            }),
        };
        api.connect_network(&network.reference, request)
            .await
            .map_err(|error| docker_failure(&format!("attach container {name} to its network"), &error))
    }

    async fn start(&self, name: &str, made: &Made) -> Result<(), Failure> {
        let refused = match self.work.session.api().start_container(name, None).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let auto = self.plan.spec.confinement == Confinement::Auto;
        if !(auto && made.container && self.privileged() && is_about_privileges(&refused)) {
            return Err(start_failure(name, &refused));
        }
        self.work.warn(format!(
            "Docker refuses privileged containers ({refused}): container {name} runs with a list of capabilities"
        ));
        remove(self.work, name).await?;
        self.create_container(made, false).await?;
        let started = self.work.session.api().start_container(name, None).await;
        started.map_err(|error| start_failure(name, &error))
    }

    /// Removes what this run made and that never ran, and gives a replaced container its place back.
    async fn unmake(&self, made: &Made) {
        let name = self.work.gateway.resource();
        let api = self.work.session.api();
        if made.container {
            self.unmade("delete", format!("container {name}"), remove(self.work, &name).await);
        }
        if made.set_aside {
            let restored = self.rename(&aside_name(&self.work.gateway), &name).await;
            self.unmade("rename", format!("container {}", aside_name(&self.work.gateway)), restored);
        }
        if made.stopped {
            let started = api.start_container(&name, None).await;
            let started = started.map_err(|error| start_failure(&name, &error));
            self.unmade("start", format!("container {name}"), started);
        }
        if let Some(network) = &made.network {
            let removed = api.remove_network(&network.reference).await;
            let removed = removed.map_err(|error| docker_failure(&format!("remove network {name}"), &error));
            self.unmade("delete", format!("network {name}"), removed);
        }
        if made.volume {
            let removed = api.remove_volume(&name, None::<RemoveVolumeOptions>).await;
            let removed = removed.map_err(|error| docker_failure(&format!("remove volume {name}"), &error));
            self.unmade("delete", format!("volume {name}"), removed);
        }
    }

    fn unmade(&self, verb: &str, object: String, ended: Result<(), Failure>) {
        match ended {
            Ok(()) => self.work.did(Action::new(verb, object, "the start failed")),
            Err(failure) => self.work.warn(failure.message),
        }
    }
}

/// Stops a container, waiting for its program at most `grace` seconds.
pub async fn stop(work: &Work, name: &str, grace: i32) -> Result<(), Failure> {
    let options = StopContainerOptionsBuilder::new().t(grace).build();
    let stopped = work.session.api().stop_container(name, Some(options)).await;
    stopped.map_err(|error| docker_failure(&format!("stop container {name}"), &error))
}

/// Removes a container with the unnamed volumes that belong to it alone. One that is gone already is fine.
pub async fn remove(work: &Work, name: &str) -> Result<(), Failure> {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    let removed = work.session.api().remove_container(name, Some(options)).await;
    absent(removed)
        .map(drop)
        .map_err(|error| docker_failure(&format!("remove container {name}"), &error))
}

/// The runtime's words where a machine cannot give all capabilities.
fn is_about_privileges(error: &Error) -> bool {
    let text = error.to_string();
    ["unable to apply caps", "bounding set", "operation not permitted"]
        .iter()
        .any(|words| text.contains(words))
}

fn start_failure(name: &str, error: &Error) -> Failure {
    let Error::DockerResponseServerError { message, .. } = error else {
        return docker_failure(&format!("start container {name}"), error);
    };
    let taken = ["port is already allocated", "address already in use"];
    if taken.iter().any(|words| message.contains(words)) {
        return Failure::new(
            Exit::Failed,
            "port_taken",
            format!("cannot start container {name}: {}", message.trim()),
            "end what has the port, or choose another: --port PORT",
        );
    }
    Failure::new(
        Exit::Failed,
        "start_failed",
        format!("Docker cannot start container {name}: {}", message.trim()),
        "see Docker's own log, such as: journalctl -u docker",
    )
}
