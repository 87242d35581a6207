//! The plan, in the document's words.

use contract::Action;

use crate::observe::node_password::{NodePassword, PASSWORD_NAMESPACE};
use crate::observe::nodes::LEASES;
use crate::observe::{PodKey, volume_name};
use crate::plan::{DoomedNode, Plan};
use crate::report::{LeftField, Report};

impl Plan {
    /// Fills in what the plan says by itself.
    pub fn describe(&self, report: &mut Report) {
        report.keep = self.keep.as_ref().map(|keep| keep.name.clone());
        report.live_nodes.clone_from(&self.live);
        report.stale_nodes.clone_from(&self.stale);
        report.left = self
            .left
            .iter()
            .map(|left| LeftField {
                object: left.object.clone(),
                reason: left.why.clone(),
            })
            .collect();
        if report.dry_run {
            report.actions = self.actions();
            report.pods_deleted = self.pods.iter().map(PodKey::full_name).collect();
            let begun = self.begun.iter().map(|begun| volume_name(&begun.volume));
            report.volumes_rebound = begun.chain(self.volumes.iter().map(volume_name)).collect();
        }
    }

    /// Everything to do, by name.
    pub fn actions(&self) -> Vec<Action> {
        let begun = self.begun.iter().map(|begun| &begun.volume);
        let volumes = begun
            .chain(&self.volumes)
            .map(|volume| self.volume_action(&volume_name(volume)));
        let password = self.password.iter().map(password_action);
        let pods = self.pods.iter().map(pod_action);
        let nodes = self.nodes.iter().flat_map(node_actions);
        password.chain(pods).chain(volumes).chain(nodes).collect()
    }

    /// The action on the volume of this name.
    pub fn volume_action(&self, name: &str) -> Action {
        let waiting = self.waiting.get(name).map(String::as_str);
        volume_action(name, self.keep_name(), waiting)
    }

    /// The name of the node that everything moves to.
    fn keep_name(&self) -> &str {
        self.keep.as_ref().map_or("", |keep| &keep.name)
    }
}

/// The action on a pod.
pub fn pod_action(pod: &PodKey) -> Action {
    Action::new("delete", format!("pod {}", pod.full_name()), "its node is gone")
}

/// The action on a volume; `waiting` is a pod that cannot start without it.
fn volume_action(name: &str, keep: &str, waiting: Option<&str>) -> Action {
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
