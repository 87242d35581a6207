//! Does a node live? What the API server has of it may be from before its container was started again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, NodeCondition};

/// What is known of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Life {
    /// It is Ready.
    Ready,
    /// It is not, for this cause.
    Unready(String),
    /// It was Ready, and nothing shows that it still lives.
    Unproven,
}

/// Tells by several looks at nodes whether they live.
#[derive(Debug, Default)]
pub struct NodeLives {
    renewed_at_first: BTreeMap<String, Timestamp>,
}

impl NodeLives {
    /// Looks at a node. `renewed` is when its Lease was. Without `since`, Ready is what the API server has of it. With it, its
    /// kubelet said so after that time, or renewed the Lease after that time and once more between two looks: a kubelet looks at
    /// its own state as often as it renews the Lease, every ten seconds, and reports a change at once (Kubernetes, "Node status").
    pub fn look(&mut self, node: &Node, renewed: Option<Timestamp>, since: Option<Timestamp>) -> Life {
        let Some(ready) = ready_condition(node) else {
            return Life::Unready("it has not reported yet".to_owned());
        };
        if ready.status != "True" {
            let cause = ready.message.as_deref().or(ready.reason.as_deref());
            return Life::Unready(cause.unwrap_or("no reason given").to_owned());
        }
        let Some(since) = since else {
            return Life::Ready;
        };
        let said = ready.last_heartbeat_time.as_ref().map(|time| time.0);
        if said.is_some_and(|said| said >= since) {
            return Life::Ready;
        }
        let Some(renewed) = renewed.filter(|renewed| *renewed >= since) else {
            return Life::Unproven;
        };
        let name = node.metadata.name.clone().unwrap_or_default();
        if *self.renewed_at_first.entry(name).or_insert(renewed) == renewed {
            Life::Unproven
        } else {
            Life::Ready
        }
    }
}

/// The condition that says whether a node is Ready.
pub fn ready_condition(node: &Node) -> Option<&NodeCondition> {
    let conditions = node.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|condition| condition.type_ == "Ready")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn time(second: u8) -> Timestamp {
        format!("2026-01-01T00:00:{second:02}Z").parse().unwrap()
    }

    fn node(status: &str, heartbeat: u8) -> Node {
        let condition = json!({ "type": "Ready", "status": status, "message": "cni is missing",
                                "lastHeartbeatTime": time(heartbeat).to_string() });
        serde_json::from_value(
            json!({ "metadata": { "name": "n" }, "status": { "conditions": [condition] } }),
        )
        .unwrap()
    }

    #[test]
    fn a_word_of_before_proves_nothing_until_the_node_says_it_again() {
        let mut lives = NodeLives::default();
        let (old, since) = (node("True", 5), Some(time(10)));
        assert_eq!(lives.look(&old, None, None), Life::Ready);
        assert_eq!(lives.look(&old, Some(time(5)), since), Life::Unproven);
        assert_eq!(lives.look(&old, None, since), Life::Unproven);
        assert_eq!(lives.look(&node("True", 10), Some(time(5)), since), Life::Ready);
    }

    #[test]
    fn a_lease_that_is_renewed_twice_proves_it_too() {
        let mut lives = NodeLives::default();
        let (old, since) = (node("True", 5), Some(time(10)));
        for renewed in [5, 11, 11] {
            assert_eq!(lives.look(&old, Some(time(renewed)), since), Life::Unproven);
        }
        assert_eq!(lives.look(&old, Some(time(21)), since), Life::Ready);
        assert_eq!(
            lives.look(&node("False", 5), Some(time(31)), since),
            Life::Unready("cni is missing".to_owned())
        );
        let silent: Node = serde_json::from_value(json!({ "metadata": { "name": "m" } })).unwrap();
        assert!(matches!(lives.look(&silent, None, None), Life::Unready(_)));
    }
}
