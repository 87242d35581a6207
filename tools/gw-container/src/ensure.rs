//! The verb `ensure`: container, network and volume match what is wanted; only what differs is changed.

use contract::{Action, Answer, Context, Failure};
use gateway_facts::{Container, Facts, Spec, observe};

use crate::carry_out::Carrier;
use crate::create_body::{carried_environment, is_privileged};
use crate::flags::EnsureFlags;
use crate::image::{self, Image};
use crate::network_choice::{free_subnet, routes};
use crate::node_of_volume::node_name;
use crate::plan::{Situation, makes_container, plan, present};
use crate::report::{Report, StateBefore};
use crate::settings::{Wanted, wanted};
use crate::steps::Plan;
use crate::work::{Locking, Work};
use crate::{client_state, kubeconfig, port_choice};

/// Observes, plans, acts, and writes down what the client needs.
pub async fn run(flags: EnsureFlags, context: Context<Report>) -> Result<Answer, Failure> {
    let locking = Locking {
        verb: "ensure",
        lock_fd: flags.lock_fd,
        patience: flags.lock_timeout,
        needed: true,
    };
    wanted(&flags, None, None)?;
    let work = Work::begin(&context, locking).await?;
    let facts = observe(&work.session, &work.gateway).await?;
    work.report
        .update(|report| report.state_before = Some(StateBefore::of(&facts)));
    let metadata = work.folder.read_metadata()?;
    let persisted = client_state::persisted(&work, &facts)?;
    let variable = std::env::var("OPENSHELL_CLUSTER_IMAGE").ok();
    let wanted = wanted(&flags, variable, persisted.as_ref())?;
    let image = image_of(&work, &facts, &wanted).await?;

    let plan = planned(&work, &facts, &wanted, image.as_ref(), persisted.as_ref()).await?;
    work.report
        .update(|report| report.plan(&plan, &work, image.as_ref()));
    let carrier = Carrier {
        work: &work,
        plan: &plan,
        facts: &facts,
        spec: plan.spec.clone(),
        privileged: image
            .as_ref()
            .is_none_or(|image| is_privileged(plan.spec.confinement, image)),
        carried: carried(&work, &facts, &plan, wanted.image_named).await?,
        used: used_subnets(&work, &facts),
    };
    let spec = carrier.carry_out().await?;
    client_state::write(&work, &spec, metadata)?;
    if work.dry_run {
        foresee_kubeconfig(&work, &facts, &plan).await?;
    } else {
        settle(&work, &facts, &plan).await?;
    }
    Ok(Answer::Done)
}

/// The image that matters: the one that was named; else the container's own; else the persisted one.
async fn image_of(work: &Work, facts: &Facts, wanted: &Wanted) -> Result<Option<Image>, Failure> {
    let reference = match present(facts) {
        Some(container) if !wanted.image_named => &container.image_id,
        _ => &wanted.spec.image,
    };
    if reference.is_empty() {
        return Ok(None);
    }
    image::find(&work.session, reference).await
}

async fn planned(
    work: &Work,
    facts: &Facts,
    wanted: &Wanted,
    image: Option<&Image>,
    persisted: Option<&Spec>,
) -> Result<Plan, Failure> {
    let ports = port_choice::look(
        work.gateway.as_str(),
        facts,
        &wanted.spec,
        work.session.is_local(),
    );
    let mut situation = Situation {
        gateway: &work.gateway,
        facts,
        wanted,
        node_name: "",
        image,
        ports: &ports,
        subnet: free_subnet(work.gateway.as_str(), &used_subnets(work, facts)),
    };
    let first = plan(&situation)?;
    if !makes_container(&first) {
        return Ok(first);
    }
    // Only a container that is made needs to be told the node's name, and reading it costs a container.
    let name = node_name(work, facts, persisted, image.map(|image| image.id.as_str())).await?;
    situation.node_name = &name;
    plan(&situation)
}

fn used_subnets(work: &Work, facts: &Facts) -> Vec<crate::network_choice::Subnet> {
    let mut used = facts.subnets.clone();
    if work.session.is_local() {
        used.extend(routes());
    }
    used
}

/// Environment that a successor takes over from the container that it replaces.
async fn carried(
    work: &Work,
    facts: &Facts,
    plan: &Plan,
    another_image: bool,
) -> Result<Vec<String>, Failure> {
    let Some(container) = present(facts).filter(|_| makes_container(plan)) else {
        return Ok(Vec::new());
    };
    let former = image::find(&work.session, &container.image_id)
        .await?
        .unwrap_or_default();
    Ok(carried_environment(
        &container.environment,
        &former.environment,
        another_image,
    ))
}

/// Reads back what there is now, and fetches the kubeconfig.
async fn settle(work: &Work, before: &Facts, plan: &Plan) -> Result<(), Failure> {
    let after = if plan.steps.is_empty() {
        before.clone()
    } else {
        observe(&work.session, &work.gateway).await?
    };
    let container = after
        .container
        .as_ref()
        .ok_or_else(|| kubeconfig::no_container(work))?;
    work.report.update(|report| report.show(container));
    match kubeconfig::server_of(work, container) {
        Some(server) => {
            let text = kubeconfig::read(work, container, &server).await?;
            work.report.update(|report| report.api_endpoint = Some(server));
            kubeconfig::put(work, &work.folder.kubeconfig(), &text)
        }
        None => {
            work.warn(kubeconfig::unreachable(container).message);
            Ok(())
        }
    }
}

/// What `settle` would do about the kubeconfig, as far as it can be told beforehand.
async fn foresee_kubeconfig(work: &Work, facts: &Facts, plan: &Plan) -> Result<(), Failure> {
    let path = work.folder.kubeconfig();
    let unchanged = facts
        .container
        .as_ref()
        .filter(|container| container.is_up() && !makes_container(plan));
    if let Some(container) = unchanged {
        if let Some(server) = kubeconfig::server_of(work, container) {
            let text = kubeconfig::read(work, container, &server).await?;
            work.report.update(|report| report.api_endpoint = Some(server));
            kubeconfig::put(work, &path, &text)?;
        }
        return Ok(());
    }
    let names_api = |text: Vec<u8>| {
        let port = plan.spec.api_port.map(|port| format!("https://127.0.0.1:{port}"));
        port.is_some_and(|server| String::from_utf8_lossy(&text).contains(&server))
    };
    let fits = facts.volume.is_some() && work.folder.read_private("kubeconfig")?.is_some_and(names_api);
    if !fits {
        let object = format!("file {}", path.display());
        work.did(Action::new("write", object, "the kubeconfig differs"));
    }
    Ok(())
}

impl Report {
    /// What is known before anything was done.
    fn plan(&mut self, plan: &Plan, work: &Work, image: Option<&Image>) {
        self.node_name = Some(plan.spec.node_name.clone());
        self.endpoint = Some(plan.spec.endpoint());
        self.port = Some(plan.spec.port);
        self.image = Some(plan.spec.image.clone());
        self.image_id = image.map(|image| image.id.clone());
        self.kubeconfig = Some(work.folder.kubeconfig().display().to_string());
        self.api_endpoint = plan.spec.api_port.map(|port| format!("https://127.0.0.1:{port}"));
        self.confinement = image.map(|image| word(is_privileged(plan.spec.confinement, image)));
        self.spec = Some(plan.spec.clone());
    }

    /// What a container shows.
    pub fn show(&mut self, container: &Container) {
        let spec = container.effective_spec();
        self.container_id = Some(container.id.clone());
        self.node_name = Some(spec.node_name.clone());
        self.endpoint = Some(spec.endpoint());
        self.port = Some(spec.port);
        self.image = Some(spec.image.clone());
        self.image_id = Some(container.image_id.clone());
        self.started_at.clone_from(&container.started_at);
        self.confinement = Some(word(container.privileged));
        self.spec = Some(spec);
    }
}

fn word(privileged: bool) -> &'static str {
    if privileged { "privileged" } else { "caps" }
}
