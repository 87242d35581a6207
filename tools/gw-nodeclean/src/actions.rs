//! What is done, as the document says it.

use contract::Action;

use crate::doomed::{DoomedNode, DoomedPod, NodePassword, PASSWORD_NAMESPACE};
use crate::nodes::LEASES;

/// The action on a pod.
pub fn pod_action(pod: &DoomedPod) -> Action {
    Action::new("delete", format!("pod {}", pod.full_name()), "its node is gone")
}

/// The action on a volume; `waiting` is a pod that cannot start without it.
pub fn volume_action(name: &str, keep: &str, waiting: Option<&str>) -> Action {
    let waiting = waiting.map_or_else(String::new, |pod| format!("; pod {pod} waits for it"));
    Action::new(
        "rebind",
        format!("persistentvolume {name}"),
        format!("its node is gone; its data is on {keep} now{waiting}"),
    )
}

/// The action on the node password of a container that was replaced.
pub fn password_action(password: &NodePassword) -> Action {
    let object = format!("secret {PASSWORD_NAMESPACE}/{}", password.name);
    Action::new(
        "delete",
        object,
        "the password that it holds the hash of went with the node's former container",
    )
}

/// The actions on a node and on what belongs to its name.
pub fn node_actions(node: &DoomedNode) -> Vec<Action> {
    let delete = |object: String| Action::new("delete", object, "its container is gone");
    let attachments = node
        .attachments
        .iter()
        .map(|name| format!("volumeattachment {name}"));
    let password = node
        .password
        .iter()
        .map(|name| format!("secret {PASSWORD_NAMESPACE}/{name}"));
    let lease = node.has_lease.then(|| format!("lease {LEASES}/{}", node.name));
    attachments
        .chain(password)
        .chain(lease)
        .chain([format!("node {}", node.name)])
        .map(delete)
        .collect()
}
