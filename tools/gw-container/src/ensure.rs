//! The verb `ensure`: container, network and volume match what is wanted; only what differs is changed.

use contract::{Answer, Context, Draft, Failure};
use docker_images::{Image, find, parts};
use gateway_facts::{Container, Facts, Spec, observe};
use gateway_names::node_name_for;
use gateway_work::{Access, Work, check_own, no_container};
use gw_container::report::Report;
use helper_container::remove_left;
use registry_credentials::Credentials;
use replacement_journal::Journal;

use crate::act::create_body::{Manner, is_privileged};
use crate::act::environment::carried_environment;
use crate::act::pull::{self, Found};
use crate::act::{Actor, kubeconfig};
use crate::credentials;
use crate::describe::{confinement, show};
use crate::flags::EnsureFlags;
use crate::lost;
use crate::observe::volume::{self, Look};
use crate::observe::{ports, routes};
use crate::plan::datastore::{Brings, Datastore};
use crate::plan::settings::{Environment, Wanted, wanted};
use crate::plan::steps::Plan;
use crate::plan::subnet::{Subnet, free_subnet};
use crate::plan::{Situation, makes_container, plan};

/// Observes, plans, acts, and writes down what the client needs.
pub async fn run(flags: EnsureFlags, context: Context<Report>) -> Result<Answer, Failure> {
    wanted(&flags, Environment::default(), None)?;
    let named = credentials::named(&flags).await?;
    let (work, facts) = Work::begin(&context, "ensure", Access::Changing).await?;
    if let Some(container) = facts.present() {
        check_own(&work.gateway, container)?;
    }
    lost::refuse(&work, &facts, flags.yes)?;
    remove_left(&work, &facts).await?;
    let metadata = work.folder.read_metadata()?;
    let journal = Journal::read(&work.folder)?;
    let environment = Environment::of_process(work.machine_address());
    let named_image = flags.image.as_deref().or(environment.image.as_deref());
    let remembered = remembered(&work, &facts, journal.as_ref(), named_image).await?;
    let mut wanted = wanted(&flags, environment, remembered.spec.as_ref())?;
    wanted.image_named |= journal.as_ref().is_some_and(|journal| journal.image_named);
    let credentials = credentials_of(&work, &facts, named, &mut wanted.spec).await?;
    let found = image_of(&work, &facts, &wanted, &flags, credentials.as_ref()).await?;
    let decided = decide(&work, &facts, &wanted, &found, remembered).await?;
    let image = found.image;
    let plan = &decided.plan;
    context
        .report
        .update(|report| planned(report, plan, &work, image.as_ref()));
    let ours = image.as_ref().is_none_or(|image| image.ours);
    let of_image = parts(&plan.spec.image).registry;
    let registries = registry_credentials::file(&plan.spec.registry, &of_image, credentials.as_ref());
    let actor = Actor {
        work: &work,
        plan,
        facts: &facts,
        spec: plan.spec.clone(),
        manner: Manner {
            privileged: image
                .as_ref()
                .is_none_or(|image| is_privileged(plan.spec.confinement, image)),
            plain_k3s: image.as_ref().is_some_and(|image| image.plain_k3s),
        },
        carried: carried(
            &work,
            &facts,
            plan,
            wanted.image_named,
            journal,
            credentials.as_ref().filter(|_| !ours),
        )
        .await?,
        used: used_subnets(&work, &facts),
        brings: decided.brings,
        datastore: decided.datastore,
        image_named: wanted.image_named,
        registries: registries.clone().filter(|_| ours),
    };
    let spec = actor.act().await?;
    if !work.dry_run {
        registry_credentials::keep(&work.folder, registries.as_deref())?;
    }
    client_state::write(&work, &spec, metadata)?;
    if work.dry_run {
        let server = kubeconfig::foresee(&work, &facts, plan).await?;
        api_is_at(&context.report, server);
    } else {
        settle(&work, &facts, plan, &context.report).await?;
    }
    Ok(Answer::Done)
}

/// What there is of an earlier run.
struct Remembered {
    /// The specification that was persisted.
    spec: Option<Spec>,
    /// What was seen on the volume while it was searched for.
    looked: Looked,
}

/// What is persisted, the strongest first: what a killed replacement was about, the container's label, the volume, the copy
/// beside the client's files. With a volume alone it is looked at here, and then not once more.
async fn remembered(
    work: &Work,
    facts: &Facts,
    journal: Option<&Journal>,
    named_image: Option<&str>,
) -> Result<Remembered, Failure> {
    if let Some(journal) = journal {
        work.console
            .progress("an earlier replacement was interrupted: it is carried on");
        return Ok(Remembered {
            spec: Some(journal.spec.clone()),
            looked: Looked::NotYet,
        });
    }
    let copy = client_state::persisted(work, facts)?;
    if facts.present().is_some() {
        return Ok(Remembered {
            spec: copy,
            looked: Looked::NotYet,
        });
    }
    let candidates = [named_image, copy.as_ref().map(|spec| spec.image.as_str())];
    let mut image = None;
    for candidate in candidates.into_iter().flatten() {
        if image.is_none() {
            image = find(&work.session, candidate).await?.map(|image| image.id);
        }
    }
    let look = volume::look(work, facts, image.as_deref()).await?;
    let on_volume = look
        .as_ref()
        .and_then(|look| Some(look.memory.as_ref()?.spec.clone()));
    Ok(Remembered {
        spec: on_volume.or(copy),
        looked: Looked::At(look.map(Box::new)),
    })
}

/// Was the volume looked at?
enum Looked {
    NotYet,
    /// `None` if there is no volume, or none that could be looked at.
    At(Option<Box<Look>>),
}

/// The credentials that are to be used, and their fingerprint in the specification.
async fn credentials_of(
    work: &Work,
    facts: &Facts,
    named: Option<Credentials>,
    spec: &mut Spec,
) -> Result<Option<Credentials>, Failure> {
    let credentials = match named {
        Some(named) => Some(named),
        None if spec.registry.credentials.is_none() => None,
        None => kept(work, facts).await?,
    };
    if credentials.is_none() && spec.registry.credentials.is_some() {
        work.warn(
            "the registry's credentials are kept neither here nor in the container: name them again"
                .to_owned(),
        );
    }
    if let Some(credentials) = &credentials {
        spec.registry.credentials = Some(credentials.fingerprint());
    }
    Ok(credentials)
}

/// Those that an earlier run kept.
async fn kept(work: &Work, facts: &Facts) -> Result<Option<Credentials>, Failure> {
    let container = facts.present().map(|container| container.id.as_str());
    registry_credentials::kept(&work.session, &work.folder, container).await
}

/// The image that matters: the one that was named; else the container's own; else the persisted one.
async fn image_of(
    work: &Work,
    facts: &Facts,
    wanted: &Wanted,
    flags: &EnsureFlags,
    credentials: Option<&Credentials>,
) -> Result<Found, Failure> {
    match facts.present() {
        Some(container) if !wanted.image_named => Ok(find(&work.session, &container.image_id).await?.into()),
        _ if wanted.spec.image.is_empty() => Ok(Found::default()),
        _ => {
            let image = &wanted.spec.image;
            pull::find(work, image, flags.pull, flags.assume_image, credentials).await
        }
    }
}

/// The plan, and what a container that it makes has to know of image and volume.
struct Decided {
    plan: Plan,
    brings: Option<Brings>,
    datastore: Option<Datastore>,
}

async fn decide(
    work: &Work,
    facts: &Facts,
    wanted: &Wanted,
    found: &Found,
    remembered: Remembered,
) -> Result<Decided, Failure> {
    let image = found.image.as_ref();
    let ports = ports::look(
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
        image_to_come: found.to_come,
        ports: &ports,
        subnet: free_subnet(work.gateway.as_str(), &used_subnets(work, facts)),
    };
    let first = plan(&situation)?;
    let mut decided = Decided {
        plan: first,
        brings: None,
        datastore: None,
    };
    if !makes_container(&decided.plan) {
        return Ok(decided);
    }
    // Only a container that is made needs to be told the node's name, and an existing volume is looked at first.
    let look = match remembered.looked {
        Looked::At(look) => look.map(|look| *look),
        Looked::NotYet => volume::look(work, facts, image.map(|image| image.id.as_str())).await?,
    };
    if let Some((look, image)) = look.as_ref().zip(image) {
        decided.brings = Some(volume::check(work, facts, look, image, &wanted.spec.image).await?);
        decided.datastore = look.written.last.or(look.written.datastores.first().copied());
    } else if look.is_some() && found.to_come {
        work.warn(format!(
            "whether the image {} fits the volume could not be looked at: Docker does not have it yet",
            wanted.spec.image
        ));
    }
    // A volume that a dry run could not look at may know any name.
    let new = if facts.volume.is_some() && look.is_none() {
        String::new()
    } else {
        node_name_for(&work.gateway)
    };
    let known = look.and_then(|look| look.node_name);
    let persisted = remembered
        .spec
        .map(|spec| spec.node_name.clone())
        .filter(|name| !name.is_empty());
    let name = known.or(persisted).unwrap_or(new);
    situation.node_name = &name;
    decided.plan = plan(&situation)?;
    Ok(decided)
}

fn used_subnets(work: &Work, facts: &Facts) -> Vec<Subnet> {
    let mut used = facts.subnets.clone();
    if work.session.is_local() {
        used.extend(routes::routes());
    }
    used
}

/// Environment that a successor takes over from the container that it replaces, and the credentials of a registry for an
/// image that knows no other way.
async fn carried(
    work: &Work,
    facts: &Facts,
    plan: &Plan,
    another_image: bool,
    journal: Option<Journal>,
    credentials: Option<&Credentials>,
) -> Result<Vec<String>, Failure> {
    if !makes_container(plan) {
        return Ok(Vec::new());
    }
    let mut carried = match (facts.present(), journal) {
        (Some(container), _) => {
            let former = find(&work.session, &container.image_id)
                .await?
                .unwrap_or_default();
            let own = &former.environment;
            carried_environment(
                &container.environment,
                own,
                &container.effective_spec(),
                another_image,
            )
        }
        (None, Some(journal)) => journal.carried,
        (None, None) => Vec::new(),
    };
    if let Some(credentials) = credentials {
        work.warn("this image takes the registry's credentials from its environment: all who may use Docker can read them".to_owned());
        carried.retain(|entry| {
            !entry.starts_with("REGISTRY_USERNAME=") && !entry.starts_with("REGISTRY_PASSWORD=")
        });
        carried.extend(credentials.environment());
    }
    Ok(carried)
}

/// Reads back what there is now, and fetches the kubeconfig.
async fn settle(work: &Work, before: &Facts, plan: &Plan, report: &Draft<Report>) -> Result<(), Failure> {
    let after = if plan.steps.is_empty() {
        before.clone()
    } else {
        observe(&work.session, &work.gateway).await?
    };
    let container = after
        .container
        .as_ref()
        .ok_or_else(|| no_container(&work.gateway))?;
    show(report, work, container);
    if let Some(message) = kept_to_itself(work, container) {
        work.warn(message);
    }
    api_is_at(report, kubeconfig::fetch(work, container).await?);
    Ok(())
}

/// Shows where the API is, if that is known.
fn api_is_at(report: &Draft<Report>, server: Option<String>) {
    if server.is_some() {
        report.update(|report| report.api_endpoint = server);
    }
}

/// A port that another machine publishes for itself alone is reached from there alone.
fn kept_to_itself(work: &Work, container: &Container) -> Option<String> {
    let (machine, spec) = (work.machine_address()?, container.effective_spec());
    spec.bind.is_loopback().then(|| {
        format!(
            "port {} is published on {} of {machine} alone, and not reached from here: --bind 0.0.0.0 --gateway-host {machine}",
            spec.port, spec.bind
        )
    })
}

/// What is known before anything was done.
fn planned(report: &mut Report, plan: &Plan, work: &Work, image: Option<&Image>) {
    report.node_name = Some(plan.spec.node_name.clone()).filter(|name| !name.is_empty());
    report.endpoint = Some(plan.spec.endpoint_at(work.machine_address()));
    report.published = work.machine.is_none().then(|| plan.spec.published());
    report.port = Some(plan.spec.port);
    report.image = Some(plan.spec.image.clone());
    report.image_id = image.map(|image| image.id.clone());
    report.kubeconfig = Some(work.folder.kubeconfig().display().to_string());
    report.needs_tunnel = work.machine.is_some();
    let api_port = plan.spec.api_port.filter(|_| work.machine.is_none());
    report.api_endpoint = api_port.map(|port| format!("https://127.0.0.1:{port}"));
    report.confinement = image.map(|image| confinement(is_privileged(plan.spec.confinement, image)));
    report.spec = Some(plan.spec.clone());
}
