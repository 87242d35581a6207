//! Does what was planned, step by step. What a first start made is removed again where it fails.

use api_access::{api_ports, is_free_here};
use bollard::models::VolumeCreateRequest;
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, RemoveVolumeOptions, RenameContainerOptionsBuilder,
};
use contract::{Action, Failure};
use docker_session::docker_failure;
use gateway_ending::{delete_container, stop_container};
use gateway_facts::{Confinement, Facts, Spec, Status, aside_name};
use gateway_work::Work;
use replacement_journal::Journal;

use crate::act::create_body::{Manner, create_body};
use crate::act::refusals::{is_about_address, is_about_port, is_about_privileges, start_failure};
use crate::memory::Memory;
use crate::plan::datastore::{Brings, Datastore};
use crate::plan::steps::{NetworkInUse, Plan, Step};
use crate::plan::subnet::Subnet;

pub mod create_body;
pub mod environment;
pub mod kubeconfig;
pub mod networks;
pub mod pull;
pub mod refusals;

/// Seconds that a container has to stop by itself before it is replaced.
const GRACE_SECONDS: i32 = 30;

/// Label of a volume with the mark of the run that made it.
const MADE_LABEL: &str = "dev.openshell.made";

/// What does the steps: with what they work, and what they leave.
pub struct Actor<'a> {
    /// The run.
    pub work: &'a Work,
    /// What is done.
    pub plan: &'a Plan,
    /// What Docker knew when it was planned.
    pub facts: &'a Facts,
    /// What a container is made from: the plan's specification, unless its port for the API is taken in between.
    pub spec: Spec,
    /// How a container is made.
    pub manner: Manner,
    /// Environment of the container that is replaced.
    pub carried: Vec<String>,
    /// Subnets that nothing may overlap.
    pub used: Vec<Subnet>,
    /// What the image brings.
    pub brings: Option<Brings>,
    /// The datastore that the volume's last image used, or that is there.
    pub datastore: Option<Datastore>,
    /// The image was named.
    pub image_named: bool,
    /// The file with credentials of a registry, for an image that reads it.
    pub registries: Option<Vec<u8>>,
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

impl Actor<'_> {
    /// All steps; with `--dry-run` they are only reported.
    /// Returns what the container is made from.
    pub async fn act(mut self) -> Result<Spec, Failure> {
        let mut made = Made::default();
        let plan = self.plan;
        let replaces = plan
            .steps
            .iter()
            .any(|step| matches!(step, Step::RemoveDead | Step::SetAside(_)));
        if replaces && !self.work.dry_run {
            let journal = Journal {
                spec: self.spec.clone(),
                image_reference: plan.image_reference.clone(),
                image_named: self.image_named,
                carried: self.carried.clone(),
            };
            journal.write(&self.work.folder)?;
        }
        for step in &plan.steps {
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
        if !self.work.dry_run {
            Journal::remove(&self.work.folder)?;
        }
        Ok(self.spec)
    }

    async fn take(&mut self, step: &Step, made: &mut Made) -> Result<(), Failure> {
        let name = self.work.gateway.resource();
        let aside = aside_name(&self.work.gateway);
        match step {
            Step::RestoreAside => self.rename(&aside, &name).await,
            Step::CreateVolume => {
                made.volume = self.create_volume(&name).await?;
                Ok(())
            }
            Step::CreateNetwork(subnet) => {
                made.network = Some(networks::create(self.work, &self.used, *subnet).await?);
                Ok(())
            }
            Step::StopOld => {
                stop_container(self.work, &name, GRACE_SECONDS).await?;
                made.stopped = true;
                Ok(())
            }
            Step::SetAside(_) => {
                self.rename(&name, &aside).await?;
                made.set_aside = true;
                Ok(())
            }
            Step::CreateContainer(_) => self.create_container(made).await,
            Step::Reattach(_) => {
                let attached = self
                    .facts
                    .present()
                    .is_some_and(|container| container.attachments.iter().any(|at| at.name == name));
                networks::reattach(self.work, &name, self.network(made), attached).await
            }
            Step::Start(_) => {
                // A run that was killed may have made it without its files.
                let found = self.facts.present().filter(|_| !made.container);
                if let Some(container) = found.filter(|it| it.status == Status::Created) {
                    self.furnish(&container.id).await?;
                }
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
            Step::RemoveDead => delete_container(self.work, &name).await,
            Step::RemoveAside => delete_container(self.work, &aside).await,
            Step::RemoveNetwork(id) => networks::remove(self.work, id).await,
        }
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

    /// Docker answers with the volume of that name where there is one already: only one that carries this run's mark was
    /// made by it, and may be removed again.
    async fn create_volume(&self, name: &str) -> Result<bool, Failure> {
        let mark = format!("{:016x}", rand::random::<u64>());
        let mut labels = self.work.label();
        labels.insert(MADE_LABEL.to_owned(), mark.clone());
        let request = VolumeCreateRequest {
            name: Some(name.to_owned()),
            labels: Some(labels),
            ..VolumeCreateRequest::default()
        };
        let made = self.work.session.api().create_volume(request).await;
        let made = made.map_err(|error| docker_failure(&format!("create volume {name}"), &error))?;
        Ok(made.labels.get(MADE_LABEL) == Some(&mark))
    }

    async fn create_container(&self, made: &mut Made) -> Result<(), Failure> {
        let name = self.work.gateway.resource();
        let body = create_body(
            &self.work.gateway,
            &self.spec,
            &self.plan.image_reference,
            self.manner,
            self.network(made),
            &self.carried,
        );
        let options = CreateContainerOptionsBuilder::new().name(&name).build();
        let answer = self
            .work
            .session
            .api()
            .create_container(Some(options), body)
            .await;
        let container =
            answer.map_err(|error| docker_failure(&format!("create container {name}"), &error))?;
        made.container = true;
        self.furnish(&container.id).await
    }

    /// Gives a container that never ran the files that it starts with.
    async fn furnish(&self, id: &str) -> Result<(), Failure> {
        let memory = Memory::of(&self.spec, self.brings, self.datastore);
        memory.write(&self.work.session, id).await?;
        match &self.registries {
            Some(content) => registry_credentials::put(&self.work.session, id, content).await,
            None => Ok(()),
        }
    }

    /// Starts the container: with another address where Docker refuses the one that it is fixed to. One that this run made is
    /// made again in another form where Docker refuses only that.
    async fn start(&mut self, name: &str, made: &mut Made) -> Result<(), Failure> {
        let mut ports: Vec<u16> = api_ports(self.work.gateway.as_str()).collect();
        let mut moved = false;
        loop {
            let refused = match self.work.session.api().start_container(name, None).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            let auto = self.plan.spec.confinement == Confinement::Auto;
            let network = made.network.as_ref().or(self.plan.network.as_ref());
            if let Some(network) = network.filter(|_| is_about_address(&refused) && !moved) {
                moved = true;
                networks::take_another_address(self.work, name, network, &refused).await?;
                continue;
            }
            if !made.container {
                return Err(start_failure(name, &refused));
            } else if auto && self.manner.privileged && is_about_privileges(&refused) {
                self.work.warn(format!(
                    "Docker refuses privileged containers: container {name} runs with a list of capabilities ({refused})"
                ));
                self.manner.privileged = false;
            } else if self
                .spec
                .api_port
                .is_some_and(|port| is_about_port(&refused, port))
            {
                // Another gateway that is being started took it in between.
                let elsewhere = self.work.machine.is_some();
                ports.retain(|port| Some(*port) != self.spec.api_port && (elsewhere || is_free_here(*port)));
                let Some(next) = ports.first() else {
                    return Err(start_failure(name, &refused));
                };
                self.spec.api_port = Some(*next);
            } else {
                return Err(start_failure(name, &refused));
            }
            delete_container(self.work, name).await?;
            self.create_container(made).await?;
        }
    }

    /// Removes what this run made and that never ran, and gives a replaced container its place back.
    async fn unmake(&self, made: &Made) {
        let name = self.work.gateway.resource();
        let api = self.work.session.api();
        if made.container {
            self.unmade(
                "delete",
                format!("container {name}"),
                delete_container(self.work, &name).await,
            );
        }
        if made.set_aside {
            let restored = self.rename(&aside_name(&self.work.gateway), &name).await;
            self.unmade(
                "rename",
                format!("container {}", aside_name(&self.work.gateway)),
                restored,
            );
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
        if (made.set_aside || made.stopped)
            && let Err(failure) = Journal::remove(&self.work.folder)
        {
            self.work.warn(failure.message);
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
