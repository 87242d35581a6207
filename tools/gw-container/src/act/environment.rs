//! Command line and environment of a container, from a specification, and what it takes over from its predecessor.

use docker_images::parts;
use gateway_facts::Spec;

/// Names for the certificates beside the usual ones.
fn extra_names(spec: &Spec) -> Vec<&str> {
    let mut names: Vec<&str> = spec.tls_sans.iter().map(String::as_str).collect();
    if let Some(host) = spec.gateway_host.as_deref().filter(|host| !names.contains(host)) {
        names.push(host);
    }
    names
}

/// The command. k3s's own image takes the node's name as an argument; others read it from the environment.
pub fn command(spec: &Spec, plain_k3s: bool) -> Vec<String> {
    let mut words = vec!["server".to_owned(), "--disable=traefik".to_owned()];
    let usual = ["127.0.0.1", "localhost", "host.docker.internal"];
    let further = extra_names(spec).into_iter().filter(|name| !usual.contains(name));
    words.extend(
        usual
            .into_iter()
            .chain(further)
            .map(|name| format!("--tls-san={name}")),
    );
    if plain_k3s {
        words.push(format!("--node-name={}", spec.node_name));
    }
    words.extend(spec.k3s_args.iter().cloned());
    words
}

pub fn environment(spec: &Spec) -> Vec<String> {
    let image = parts(&spec.image);
    let registry = &spec.registry;
    let or = |given: &Option<String>, own: String| given.clone().unwrap_or(own);
    let mut entries = vec![
        "REGISTRY_MODE=external".to_owned(),
        format!("REGISTRY_HOST={}", or(&registry.host, image.registry)),
        format!("REGISTRY_INSECURE={}", registry.insecure),
        format!("IMAGE_REPO_BASE={}", or(&registry.repo_base, image.base)),
        format!("IMAGE_TAG={}", or(&registry.image_tag, image.tag)),
        format!("OPENSHELL_NODE_NAME={}", spec.node_name),
        format!("SSH_GATEWAY_PORT={}", spec.port),
    ];
    let names = extra_names(spec).join(",");
    let images = registry.push_image_refs.join(",");
    let on = |is_on: bool| is_on.then(|| "true".to_owned());
    let some = |text: String| (!text.is_empty()).then_some(text);
    for (name, value) in [
        ("REGISTRY_ENDPOINT", registry.endpoint.clone()),
        ("PUSH_IMAGE_REFS", some(images)),
        ("IMAGE_PULL_POLICY", registry.pull_policy.clone()),
        ("SSH_GATEWAY_HOST", spec.gateway_host.clone()),
        ("EXTRA_SANS", some(names)),
        ("DISABLE_TLS", on(spec.plaintext)),
        ("DISABLE_GATEWAY_AUTH", on(spec.disable_gateway_auth)),
        ("GPU_ENABLED", on(spec.gpu)),
        ("HTTP_PROXY", spec.proxies.http.clone()),
        ("HTTPS_PROXY", spec.proxies.https.clone()),
        ("NO_PROXY", no_proxy(spec)),
    ] {
        entries.extend(value.map(|value| format!("{name}={value}")));
    }
    entries.extend(spec.environment.iter().cloned());
    entries
}

/// The cluster's own addresses are never reached through a proxy: pods, Services, the node itself.
fn no_proxy(spec: &Spec) -> Option<String> {
    const INSIDE: &str = "127.0.0.0/8,localhost,10.42.0.0/16,10.43.0.0/16,10.87.0.0/16,.svc,.cluster.local";
    let proxied = spec.proxies.http.is_some() || spec.proxies.https.is_some();
    match (&spec.proxies.no_proxy, proxied) {
        (Some(given), true) => Some(format!("{given},{INSIDE}")),
        (None, true) => Some(INSIDE.to_owned()),
        (given, false) => given.clone(),
    }
}

/// Variables that follow from the specification: never carried over, so that what is off stays off.
const DECIDED: [&str; 7] = [
    "OPENSHELL_NODE_NAME",
    "DISABLE_TLS",
    "DISABLE_GATEWAY_AUTH",
    "EXTRA_SANS",
    "SSH_GATEWAY_HOST",
    "SSH_GATEWAY_PORT",
    "GPU_ENABLED",
];

/// Does this variable follow from the specification?
pub fn is_decided(name: &str) -> bool {
    DECIDED.contains(&name)
}

/// Variables that follow from the image's reference, unless whoever made the container said otherwise.
const OF_IMAGE: [&str; 3] = ["REGISTRY_HOST", "IMAGE_REPO_BASE", "IMAGE_TAG"];

/// What a container that is replaced has in its environment beside its image's own and what the specification decides:
/// registry settings, proxies and the like, which whoever made it gave it. They may be credentials, and go nowhere but into
/// the successor's environment. What follows from the image goes with it where another one is wanted.
pub fn carried_environment(
    container: &[String],
    image: &[String],
    former: &Spec,
    another_image: bool,
) -> Vec<String> {
    // What the former specification said is said by the new one, or not any more.
    let said = environment(former);
    container
        .iter()
        .filter(|entry| !image.contains(entry) && !said.contains(entry))
        .filter(|entry| !DECIDED.contains(&name_of(entry)))
        .filter(|entry| !(another_image && OF_IMAGE.contains(&name_of(entry))))
        .cloned()
        .collect()
}

pub fn name_of(entry: &str) -> &str {
    entry.split_once('=').map_or(entry, |(name, _)| name)
}
