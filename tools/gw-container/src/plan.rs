//! From what exists and what is wanted to what is done. No input or output here.

use contract::Failure;
use docker_images::{Image, missing, not_given};
use gateway_facts::{Container, Facts, Network, Spec, Status};
use gateway_names::GatewayName;
use gateway_work::check_own;
use serde_json::{Value, json};

use crate::plan::ports::{Ports, Use};
use crate::plan::setting_words::shown;
use crate::plan::settings::Wanted;
use crate::plan::steps::{NetworkInUse, Plan, Step};
use crate::plan::subnet::Subnet;
use crate::reasons::{BIND_UNAVAILABLE, NO_API_PORT, NO_SUBNET, PORT_TAKEN};

pub mod datastore;
pub mod ports;
mod setting_words;
pub mod settings;
pub mod steps;
pub mod subnet;

/// All that a plan depends on.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// The gateway.
    pub gateway: &'a GatewayName,
    /// What Docker knows.
    pub facts: &'a Facts,
    /// What is wanted.
    pub wanted: &'a Wanted,
    /// The node's name: the one that the volume knows, or the one for a new volume.
    pub node_name: &'a str,
    /// The image, where Docker has it: the named one, else the container's own, else the persisted one.
    pub image: Option<&'a Image>,
    /// The image is not there yet, and will be: a dry run pulls and builds nothing.
    pub image_to_come: bool,
    /// Which ports can be published.
    pub ports: &'a Ports,
    /// A subnet that nothing uses.
    pub subnet: Option<Subnet>,
}

/// The plan. `image_not_given` (78), `image_missing`, `port_taken`, `bind_unavailable`, `foreign_container`,
/// `no_api_port`, `no_subnet` (1), `docker_conflict` (75): all before anything is changed.
pub fn plan(situation: &Situation) -> Result<Plan, Failure> {
    let facts = situation.facts;
    let mut steps = Vec::new();
    if facts.container.is_none() && facts.aside.is_some() {
        steps.push(Step::RestoreAside);
    }
    let container = facts.present();
    if let Some(container) = container {
        check_own(situation.gateway, container)?;
    }
    let network = network_in_use(situation, container);
    let mut plan = Plan {
        steps,
        spec: Spec {
            node_name: situation.node_name.to_owned(),
            ..situation.wanted.spec.clone()
        },
        image_reference: situation.wanted.spec.image.clone(),
        network,
    };
    let further = further_networks(situation, plan.network.as_ref());
    plan.steps.extend(further.into_iter().map(Step::RemoveNetwork));
    match container {
        None => create(situation, &mut plan, "it does not exist")?,
        Some(container) => {
            let differences = differences(situation, container)?;
            if container.status == Status::Dead {
                plan.steps.push(Step::RemoveDead);
                own_image(situation, container, &mut plan);
                create(situation, &mut plan, "the former one was dead")?;
            } else if differences.is_empty() {
                keep(situation, container, &mut plan)?;
            } else {
                replace(situation, container, &differences, &mut plan)?;
            }
        }
    }
    if facts.container.is_some() && facts.aside.is_some() && !plan.steps.contains(&Step::RemoveAside) {
        plan.steps.push(Step::RemoveAside);
    }
    if plan.steps.contains(&Step::RemoveAside) {
        let successor = container.filter(|_| !makes_container(&plan));
        let left = unused_networks(situation, plan.network.as_ref(), successor.into_iter());
        let removed: Vec<Step> = left.into_iter().map(Step::RemoveNetwork).collect();
        let further: Vec<Step> = removed
            .into_iter()
            .filter(|step| !plan.steps.contains(step))
            .collect();
        plan.steps.extend(further);
    }
    Ok(plan)
}

/// Concurrent starts of another tool leave several networks of one name, and Docker then refuses every use of the name.
/// What no container refers to goes, before anything is started; what one does stays.
fn further_networks(situation: &Situation, chosen: Option<&NetworkInUse>) -> Vec<String> {
    let facts = situation.facts;
    unused_networks(situation, chosen, facts.container.iter().chain(&facts.aside))
}

/// The networks of the name that are neither the chosen one nor referred to by these containers or those of others.
fn unused_networks<'a>(
    situation: &Situation,
    chosen: Option<&NetworkInUse>,
    own: impl Iterator<Item = &'a Container>,
) -> Vec<String> {
    let attached = own.flat_map(|container| container.attachments.iter().map(|at| &at.network_id));
    let of_others = situation.facts.neighbours.iter().flat_map(|it| &it.networks);
    let used: Vec<&String> = of_others.chain(attached).collect();
    let ids = situation.facts.networks.iter().map(|network| &network.id);
    ids.filter(|id| chosen.is_some_and(|chosen| chosen.id != **id) && !used.contains(id))
        .cloned()
        .collect()
}

/// Does the plan make a container?
pub fn makes_container(plan: &Plan) -> bool {
    plan.steps
        .iter()
        .any(|step| matches!(step, Step::CreateContainer(_)))
}

/// What of the container is not as wanted, in words.
pub fn differences(situation: &Situation, container: &Container) -> Result<Vec<String>, Failure> {
    let is = container.effective_spec();
    let wanted = &situation.wanted.spec;
    let mut found = Vec::new();
    let mut compare = |setting: &str, is: Value, wanted: Value| {
        if is != wanted {
            found.push(format!(
                "{setting}: {}, requested: {}",
                shown(&is),
                shown(&wanted)
            ));
        }
    };
    compare("port", json!(is.port), json!(wanted.port));
    compare("bind", json!(is.bind), json!(wanted.bind));
    compare("gateway host", json!(is.gateway_host), json!(wanted.gateway_host));
    compare("TLS names", json!(is.tls_sans), json!(wanted.tls_sans));
    compare("plaintext", json!(is.plaintext), json!(wanted.plaintext));
    compare(
        "disabled gateway authentication",
        json!(is.disable_gateway_auth),
        json!(wanted.disable_gateway_auth),
    );
    compare("confinement", json!(is.confinement), json!(wanted.confinement));
    compare("registry", json!(is.registry), json!(wanted.registry));
    compare("GPU", json!(is.gpu), json!(wanted.gpu));
    compare("extra hosts", json!(is.extra_hosts), json!(wanted.extra_hosts));
    compare("mounts", json!(is.mounts), json!(wanted.mounts));
    compare("environment", json!(is.environment), json!(wanted.environment));
    compare("DNS", json!(is.dns), json!(wanted.dns));
    compare("proxies", json!(is.proxies), json!(wanted.proxies));
    compare("k3s arguments", json!(is.k3s_args), json!(wanted.k3s_args));
    if situation.wanted.image_named {
        match situation.image {
            Some(image) if image.id != container.image_id => {
                found.push(format!("another image is wanted: {}", wanted.image));
            }
            None if wanted.image == is.image => {}
            None if situation.image_to_come => {
                found.push(format!("another image is wanted: {}", wanted.image));
            }
            None => return Err(missing(&wanted.image)),
            Some(_) => {}
        }
    }
    if !container.is_up() && is.api_port.is_some() && !situation.ports.api_kept {
        found.push("the API's port is taken by another".to_owned());
    }
    Ok(found)
}

fn create(situation: &Situation, plan: &mut Plan, why: &str) -> Result<(), Failure> {
    if plan.image_reference.is_empty() {
        return Err(not_given());
    }
    if situation.image.is_none() && !situation.image_to_come {
        return Err(missing(&plan.image_reference));
    }
    check_port(situation)?;
    fix_api_port(situation, plan)?;
    if situation.facts.volume.is_none() {
        plan.steps.push(Step::CreateVolume);
    }
    need_network(situation, plan)?;
    plan.steps.push(Step::CreateContainer(why.to_owned()));
    plan.steps.push(Step::Start("it is new".to_owned()));
    Ok(())
}

fn replace(
    situation: &Situation,
    container: &Container,
    differences: &[String],
    plan: &mut Plan,
) -> Result<(), Failure> {
    let why = differences.join("; ");
    own_image(situation, container, plan);
    if container.is_up() {
        plan.steps.push(Step::StopOld);
    }
    // An older container that is still aside gives way only now: the present one takes its place.
    if situation.facts.container.is_some() && situation.facts.aside.is_some() {
        plan.steps.push(Step::RemoveAside);
    }
    plan.steps.push(Step::SetAside(why.clone()));
    create(situation, plan, &why)?;
    plan.steps.push(Step::RemoveAside);
    Ok(())
}

/// Unless another image was named, the successor is made from the very image that the container has, whatever its name
/// means by now.
fn own_image(situation: &Situation, container: &Container, plan: &mut Plan) {
    if !situation.wanted.image_named {
        plan.image_reference.clone_from(&container.image_id);
    }
}

fn keep(situation: &Situation, container: &Container, plan: &mut Plan) -> Result<(), Failure> {
    plan.spec = container.effective_spec();
    let why = detached(situation, container);
    if !container.is_up() {
        check_port(situation)?;
    }
    if let Some(why) = why {
        need_network(situation, plan)?;
        plan.steps.push(Step::Reattach(why.to_owned()));
    }
    match container.status {
        Status::Paused => plan.steps.push(Step::Unpause),
        Status::Created => plan.steps.push(Step::Start("it was never started".to_owned())),
        Status::Exited => plan.steps.push(Step::Start("it is stopped".to_owned())),
        Status::Running | Status::Restarting | Status::Removing | Status::Dead => {}
    }
    Ok(())
}

/// Why the container must be attached again; `None` where it need not be.
fn detached(situation: &Situation, container: &Container) -> Option<&'static str> {
    let name = situation.gateway.resource();
    let exists = |id: &str| situation.facts.networks.iter().any(|network| network.id == id);
    let chosen = network_in_use(situation, Some(container));
    let left = situation.facts.networks.len() - further_networks(situation, chosen.as_ref()).len();
    let own = container
        .attachments
        .iter()
        .find(|at| at.name == name || exists(&at.network_id));
    match own {
        // Docker fills the id in at the first start, and resolves the name for it, which must be one network's alone.
        Some(at) if at.network_id.is_empty() => match (situation.facts.networks.len(), left) {
            (0, _) => Some("its network does not exist any more"),
            (_, 1) => None,
            _ => Some("several networks have its network's name"),
        },
        Some(at) if exists(&at.network_id) => None,
        Some(_) => Some("its network does not exist any more"),
        // A gateway of another tool may live on another network: it is used as it is.
        None if container.label.is_none() && !container.attachments.is_empty() => None,
        None => Some("it is not attached to its network"),
    }
}

/// The network that the container refers to, else the oldest of the name.
fn network_in_use(situation: &Situation, container: Option<&Container>) -> Option<NetworkInUse> {
    let networks = &situation.facts.networks;
    let referred = container.and_then(|container| {
        let ids: Vec<&str> = container
            .attachments
            .iter()
            .map(|at| at.network_id.as_str())
            .collect();
        networks.iter().find(|network| ids.contains(&network.id.as_str()))
    });
    let chosen: &Network = referred.or(networks.first())?;
    Some(NetworkInUse {
        reference: if networks.len() == 1 {
            situation.gateway.resource()
        } else {
            chosen.id.clone()
        },
        id: chosen.id.clone(),
        pinned: chosen.address_to_pin(),
    })
}

fn need_network(situation: &Situation, plan: &mut Plan) -> Result<(), Failure> {
    if plan.network.is_some() {
        return Ok(());
    }
    let subnet = situation.subnet.ok_or_else(|| {
        NO_SUBNET.failure(
            "every subnet of 10.87.0.0/16 is in use",
            "remove networks that nothing uses: docker network prune",
        )
    })?;
    plan.steps.push(Step::CreateNetwork(subnet));
    Ok(())
}

fn check_port(situation: &Situation) -> Result<(), Failure> {
    let spec = &situation.wanted.spec;
    match &situation.ports.gateway {
        Use::Free => Ok(()),
        Use::Taken(holder) => Err(PORT_TAKEN.failure(
            format!("port {} of {} is taken by {holder}", spec.port, spec.bind),
            "end that, or choose another port: --port PORT",
        )),
        Use::NoSuchAddress => Err(BIND_UNAVAILABLE.failure(
            format!("this machine has no address {}", spec.bind),
            "choose one that it has: --bind 127.0.0.1 or --bind 0.0.0.0",
        )),
    }
}

fn fix_api_port(situation: &Situation, plan: &mut Plan) -> Result<(), Failure> {
    if plan.spec.api_port.is_some() && situation.ports.api_kept {
        return Ok(());
    }
    plan.spec.api_port = situation.ports.api_fresh;
    if plan.spec.api_port.is_none() {
        return Err(NO_API_PORT.failure(
            "no port of 127.0.0.1 from 16443 on is free for the API",
            "see what has them: ss -ltn",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
