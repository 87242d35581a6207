//! The verb `ensure`: container, network and volume match what is wanted; only what differs is changed.

use contract::{Action, Answer, Context, Failure};
use gateway_facts::{Container, Facts, Spec, observe};
use gateway_names::node_name_for;

use crate::carry_out::Carrier;
use crate::create_body::{Manner, is_privileged};
use crate::datastore::{Brings, Datastore};
use crate::environment::carried_environment;
use crate::flags::EnsureFlags;
use crate::image::{self, Image};
use crate::journal::Journal;
use crate::network_choice::{free_subnet, routes};
use crate::plan::{Situation, check_own, makes_container, plan, present};
use crate::pull::Found;
use crate::registry::{self, Credentials};
use crate::report::Report;
use crate::settings::{Environment, Wanted, wanted};
use crate::steps::Plan;
use crate::volume_look::{self, Look};
use crate::work::{Access, Work};
use crate::{client_state, describe, helper_container, kubeconfig, port_choice, pull};

/// Observes, plans, acts, and writes down what the client needs.
pub async fn run(flags: EnsureFlags, context: Context<Report>) -> Result<Answer, Failure> {
    wanted(&flags, Environment::default(), None)?;
    let named = registry::named(&flags).await?;
    let (work, facts) = Work::begin(&context, "ensure", Access::Changing).await?;
    if let Some(container) = present(&facts) {
        check_own(&work.gateway, container)?;
    }
    helper_container::remove_left(&work, &facts).await?;
    let metadata = work.folder.read_metadata()?;
    let journal = Journal::read(&work)?;
    let environment = Environment::of_process(work.machine_address());
    let named_image = flags.image.as_deref().or(environment.image.as_deref());
    let (persisted, look) = remembered(&work, &facts, journal.as_ref(), named_image).await?;
    let mut wanted = wanted(&flags, environment, persisted.as_ref())?;
    wanted.image_named |= journal.as_ref().is_some_and(|journal| journal.image_named);
    let credentials = credentials(&work, &facts, named, &mut wanted.spec).await?;
    let found = image_of(&work, &facts, &wanted, &flags, credentials.as_ref()).await?;
    let decided = decide(&work, &facts, &wanted, &found, persisted.as_ref(), look).await?;
    let image = found.image;
    let plan = &decided.plan;
    work.report
        .update(|report| planned(report, plan, &work, image.as_ref()));
    let ours = image.as_ref().is_none_or(|image| image.ours);
    let of_image = image::parts(&plan.spec.image).0;
    let registries = registry::file(&plan.spec.registry, &of_image, credentials.as_ref());
    let carrier = Carrier {
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
    let spec = carrier.carry_out().await?;
    if !work.dry_run {
        registry::keep(&work, registries.as_deref())?;
    }
    client_state::write(&work, &spec, metadata)?;
    if work.dry_run {
        foresee_kubeconfig(&work, &facts, plan).await?;
    } else {
        settle(&work, &facts, plan).await?;
    }
    Ok(Answer::Done)
}

/// What is persisted, the strongest first: what a killed replacement was about, the container's label, the volume, the copy
/// beside the client's files. With a volume alone it is looked at here, and then not once more.
async fn remembered(
    work: &Work,
    facts: &Facts,
    journal: Option<&Journal>,
    named_image: Option<&str>,
) -> Result<(Option<Spec>, Looked), Failure> {
    if let Some(journal) = journal {
        work.console
            .progress("an earlier replacement was interrupted: it is carried on");
        return Ok((Some(journal.spec.clone()), None));
    }
    let copy = client_state::persisted(work, facts)?;
    if present(facts).is_some() {
        return Ok((copy, None));
    }
    let candidates = [named_image, copy.as_ref().map(|spec| spec.image.as_str())];
    let mut image = None;
    for candidate in candidates.into_iter().flatten() {
        if image.is_none() {
            image = image::find(&work.session, candidate).await?.map(|image| image.id);
        }
    }
    let look = volume_look::look(work, facts, image.as_deref()).await?;
    let on_volume = look
        .as_ref()
        .and_then(|look| Some(look.memory.as_ref()?.spec.clone()));
    Ok((on_volume.or(copy), Some(look)))
}

/// What a look at the volume showed; `None` where nobody has looked yet.
type Looked = Option<Option<Look>>;

/// The credentials that are to be used, and their fingerprint in the specification.
async fn credentials(
    work: &Work,
    facts: &Facts,
    named: Option<Credentials>,
    spec: &mut Spec,
) -> Result<Option<Credentials>, Failure> {
    let credentials = match named {
        Some(named) => Some(named),
        None if spec.registry.credentials.is_none() => None,
        None => registry::kept(work, present(facts).map(|container| container.id.as_str())).await?,
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

/// The image that matters: the one that was named; else the container's own; else the persisted one.
async fn image_of(
    work: &Work,
    facts: &Facts,
    wanted: &Wanted,
    flags: &EnsureFlags,
    credentials: Option<&Credentials>,
) -> Result<Found, Failure> {
    match present(facts) {
        Some(container) if !wanted.image_named => {
            Ok(image::find(&work.session, &container.image_id).await?.into())
        }
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
    persisted: Option<&Spec>,
    looked: Looked,
) -> Result<Decided, Failure> {
    let image = found.image.as_ref();
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
    let look = match looked {
        Some(look) => look,
        None => volume_look::look(work, facts, image.map(|image| image.id.as_str())).await?,
    };
    if let Some((look, image)) = look.as_ref().zip(image) {
        decided.brings = Some(volume_look::check(work, facts, look, image, &wanted.spec.image).await?);
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
    let persisted = persisted
        .map(|spec| spec.node_name.clone())
        .filter(|name| !name.is_empty());
    let name = known.or(persisted).unwrap_or(new);
    situation.node_name = &name;
    decided.plan = plan(&situation)?;
    Ok(decided)
}

fn used_subnets(work: &Work, facts: &Facts) -> Vec<crate::network_choice::Subnet> {
    let mut used = facts.subnets.clone();
    if work.session.is_local() {
        used.extend(routes());
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
    let mut carried = match (present(facts), journal) {
        (Some(container), _) => {
            let former = image::find(&work.session, &container.image_id)
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
    work.show(container);
    if let Some(message) = kept_to_itself(work, container) {
        work.warn(message);
    }
    match kubeconfig::server_of(work, container)? {
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
        if let Some(server) = kubeconfig::server_of(work, container)? {
            let text = kubeconfig::read(work, container, &server).await?;
            work.report.update(|report| report.api_endpoint = Some(server));
            kubeconfig::put(work, &path, &text)?;
        }
        return Ok(());
    }
    let names_api = |text: Vec<u8>| {
        let server = match (&work.machine, plan.spec.api_port) {
            (Some(_), _) => Some("https://127.0.0.1:".to_owned()),
            (None, port) => port.map(|port| format!("https://127.0.0.1:{port}")),
        };
        server.is_some_and(|server| String::from_utf8_lossy(&text).contains(&server))
    };
    let fits = facts.volume.is_some() && work.folder.read_private("kubeconfig")?.is_some_and(names_api);
    if !fits {
        let object = format!("file {}", path.display());
        work.did(Action::new("write", object, "the kubeconfig differs"));
    }
    Ok(())
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
    report.confinement =
        image.map(|image| describe::confinement(is_privileged(plan.spec.confinement, image)));
    report.spec = Some(plan.spec.clone());
}
