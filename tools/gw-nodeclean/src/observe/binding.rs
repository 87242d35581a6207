//! What binds a volume to nodes.

use k8s_openapi::api::core::v1::PersistentVolume;

/// What binds a volume to nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binding {
    /// Nothing.
    Free,
    /// Exactly this hostname, in the one form that provisioners of local volumes write.
    Host(String),
    /// Something else; the hostnames that it mentions.
    Other(Vec<String>),
}

/// Label that nodes carry their hostname in.
const HOSTNAME: &str = "kubernetes.io/hostname";
/// Provisioners whose volumes are folders of the node, which lie on the gateway's volume.
const LOCAL_PROVISIONERS: [&str; 2] = ["rancher.io/local-path", "kubernetes.io/host-path"];

/// What binds the volume.
pub fn binding(volume: &PersistentVolume) -> Binding {
    let affinity = volume.spec.as_ref().and_then(|spec| spec.node_affinity.as_ref());
    let Some(required) = affinity.and_then(|affinity| affinity.required.as_ref()) else {
        return Binding::Free;
    };
    let expressions: Vec<_> = required
        .node_selector_terms
        .iter()
        .flat_map(|term| term.match_expressions.iter().flatten())
        .collect();
    let fields = required
        .node_selector_terms
        .iter()
        .any(|term| term.match_fields.as_ref().is_some_and(|f| !f.is_empty()));
    if let ([only], 1, false) = (&expressions[..], required.node_selector_terms.len(), fields)
        && only.key == HOSTNAME
        && only.operator == "In"
        && let [host] = &only.values.clone().unwrap_or_default()[..]
    {
        return Binding::Host(host.clone());
    }
    let mentioned = expressions.iter().filter(|found| found.key == HOSTNAME);
    Binding::Other(
        mentioned
            .flat_map(|found| found.values.clone().unwrap_or_default())
            .collect(),
    )
}

/// Is it a folder of the node, made by a provisioner whose volumes move with the gateway's volume?
pub fn is_local_folder(volume: &PersistentVolume) -> bool {
    let annotations = volume.metadata.annotations.as_ref();
    let provisioner = annotations
        .and_then(|annotations| annotations.get("pv.kubernetes.io/provisioned-by"))
        .map(String::as_str)
        .unwrap_or_default();
    let spec = volume.spec.as_ref();
    LOCAL_PROVISIONERS.contains(&provisioner)
        && spec.is_some_and(|spec| spec.host_path.is_some() || spec.local.is_some())
}
