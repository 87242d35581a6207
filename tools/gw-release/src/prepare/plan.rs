//! Which place is meant, and what is to be done about its namespace.

use std::path::PathBuf;

use crate::namespace::Found;
use gateway_place::{FORWARD_PORT, PlaceFile};

/// What flags say; `None` where they say nothing.
#[derive(Clone, Debug, Default)]
pub struct Given {
    pub kubeconfig: Option<PathBuf>,
    pub context: Option<String>,
    pub namespace: Option<String>,
    /// `Some(None)`: the endpoint is to be found in the cluster.
    pub endpoint: Option<Option<String>>,
    pub port: Option<u16>,
    pub plaintext: Option<bool>,
    pub disable_gateway_auth: Option<bool>,
    /// In place of those that are kept, if there are any.
    pub tls_sans: Vec<String>,
}

/// What a kubeconfig has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contexts {
    /// Its real path.
    pub file: PathBuf,
    /// The current context.
    pub current: Option<String>,
    /// All contexts.
    pub names: Vec<String>,
}

/// Why there is no such place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The gateway is one in a container.
    InContainer,
    /// A new gateway, and nobody says on which cluster.
    Unnamed,
    /// No namespace can have that name.
    WrongNamespace(String),
    /// No kubeconfig has this context, or, without a name, any current one.
    ContextMissing(Option<String>),
}

/// What is to be done about the namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// There is none: it is created.
    Create,
    /// It is as it is.
    Keep,
    /// It is another one than is kept of the gateway, or that one is gone.
    RefuseAnother,
    /// It is being deleted.
    RefuseTerminating,
}

/// The kubeconfigs to look in: the one that is named, else the one that is kept, else those that this user has.
pub fn files(kept: Option<&PlaceFile>, given: &Given, usual: Vec<PathBuf>) -> Vec<PathBuf> {
    match (&given.kubeconfig, kept) {
        (Some(named), _) => vec![named.clone()],
        (None, Some(kept)) => vec![kept.kubeconfig.clone()],
        (None, None) => usual,
    }
}

/// The place that is meant: flags over what is kept over defaults. `read`: what the kubeconfigs of [`files`] have.
pub fn choose(
    kept: Option<&PlaceFile>,
    given: &Given,
    is_in_container: bool,
    read: &[Contexts],
) -> Result<PlaceFile, Refusal> {
    if kept.is_none() && is_in_container {
        return Err(Refusal::InContainer);
    }
    if kept.is_none() && given.kubeconfig.is_none() && given.context.is_none() {
        return Err(Refusal::Unnamed);
    }
    let namespace = given
        .namespace
        .clone()
        .or(kept.map(|kept| kept.namespace.clone()));
    let namespace = namespace.unwrap_or_else(|| gateway_names::NAMESPACE.to_owned());
    if !is_namespace(&namespace) {
        return Err(Refusal::WrongNamespace(namespace));
    }
    // Another kubeconfig has other contexts.
    let of_kept = kept.filter(|_| given.kubeconfig.is_none());
    let context = given.context.clone().or(of_kept.map(|kept| kept.context.clone()));
    let context = context.or_else(|| read.iter().find_map(|file| file.current.clone()));
    let has = |file: &&Contexts| {
        context
            .as_ref()
            .is_some_and(|context| file.names.contains(context))
    };
    let file = read.iter().find(has).map(|found| found.file.clone());
    let (Some(kubeconfig), Some(context)) = (file, context.clone()) else {
        return Err(Refusal::ContextMissing(context));
    };
    let mut spec = kept.map(|kept| kept.spec.clone()).unwrap_or_default();
    spec.plaintext = given.plaintext.unwrap_or(spec.plaintext);
    spec.disable_gateway_auth = given.disable_gateway_auth.unwrap_or(spec.disable_gateway_auth);
    if !given.tls_sans.is_empty() {
        spec.tls_sans.clone_from(&given.tls_sans);
    }
    let endpoint = given.endpoint.clone();
    let forward_port = given.port.or(kept.map(|kept| kept.forward_port));
    Ok(PlaceFile {
        kubeconfig,
        context,
        namespace_uid: kept.and_then(|kept| kept.namespace_uid.clone()),
        namespace,
        endpoint: endpoint.unwrap_or_else(|| kept.and_then(|kept| kept.endpoint.clone())),
        forward_port: forward_port.unwrap_or(FORWARD_PORT),
        spec,
    })
}

/// The step for the namespace that was found. `kept`: the uid of the gateway's own.
pub fn step(kept: Option<&str>, found: Option<&Found>) -> Step {
    match (kept, found) {
        (None, None) => Step::Create,
        (Some(_), None) => Step::RefuseAnother,
        (Some(kept), Some(found)) if kept != found.uid => Step::RefuseAnother,
        (_, Some(found)) if found.is_terminating => Step::RefuseTerminating,
        (_, Some(_)) => Step::Keep,
    }
}

/// A DNS label, as RFC 1123 has it.
fn is_namespace(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (1..=63).contains(&name.len())
        && name.chars().all(|c| is_plain(c) || c == '-')
        && name.starts_with(is_plain)
        && name.ends_with(is_plain)
}

#[cfg(test)]
mod tests;
