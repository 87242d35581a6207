//! What must be known of a chart's objects: which workload is the gateway server, and what it needs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The facts of one chart with one set of values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Facts {
    /// The gateway server's workload: statefulset/NAME or deployment/NAME; null if there is none.
    pub workload: Option<String>,
    /// The Service by which it is reached; null if there is none.
    pub service: Option<String>,
    /// Has a Service the node port that a gateway's container publishes?
    pub node_port: bool,
    /// Does the server use the Secret of the SSH handshake?
    pub handshake: bool,
    /// Names that its certificate needs beside the usual ones.
    pub sans: Vec<String>,
}

impl Facts {
    /// Those of the chart that comes with the cluster image, with whatever values.
    pub fn bundled() -> Self {
        Self {
            workload: Some(format!("statefulset/{}", gateway_names::WORKLOAD)),
            service: Some(gateway_names::WORKLOAD.to_owned()),
            node_port: true,
            handshake: true,
            sans: Vec::new(),
        }
    }
}

/// The objects in what helm rendered.
///
/// # Errors
/// In words, where a document is no YAML.
pub fn objects(rendered: &str) -> Result<Vec<Value>, String> {
    let mut found = Vec::new();
    for document in serde_norway::Deserializer::from_str(rendered) {
        let object = Value::deserialize(document).map_err(|error| error.to_string())?;
        match object["items"].as_array() {
            Some(items) if object["kind"] == "List" => found.extend(items.iter().cloned()),
            _ if object.is_object() => found.push(object),
            _ => {}
        }
    }
    Ok(found)
}

/// Is it a workload that may be a gateway's server?
pub fn is_workload(object: &Value) -> bool {
    matches!(object["kind"].as_str(), Some("StatefulSet" | "Deployment"))
}

/// The facts of these objects, deployed to this namespace.
pub fn facts(objects: &[Value], namespace: &str) -> Facts {
    let workloads: Vec<&Value> = objects.iter().filter(|object| is_workload(object)).collect();
    let services: Vec<&Value> = objects
        .iter()
        .filter(|object| object["kind"] == "Service")
        .collect();
    let entry = services.iter().copied().find(|service| has_entry_port(service));
    let first = |is: &dyn Fn(&Value) -> bool| workloads.iter().copied().find(|workload| is(workload));
    let server = entry
        .and_then(|entry| first(&|workload| is_selected_by(workload, entry)))
        .or_else(|| first(&|workload| has_word(workload, gateway_names::SERVER_TLS_SECRET)))
        .or_else(|| first(&|workload| workload["metadata"]["name"] == gateway_names::WORKLOAD))
        .or_else(|| workloads.first().copied());
    let service = entry.or_else(|| {
        let server = server?;
        services
            .iter()
            .copied()
            .find(|service| is_selected_by(server, service))
    });
    let handshake = server.is_some_and(|server| has_word(server, gateway_names::HANDSHAKE_SECRET));
    let service = service.and_then(|service| service["metadata"]["name"].as_str());
    let mut sans = Vec::new();
    if let Some(name) = service.filter(|name| *name != gateway_names::WORKLOAD) {
        let full = format!("{name}.{namespace}.svc");
        sans.extend([name.to_owned(), full.clone(), format!("{full}.cluster.local")]);
    }
    // Servers without a handshake secret answer to these names, too: a sandbox's ports are reached by names below the last one.
    if !handshake {
        sans.extend(["openshell.localhost", "*.openshell.localhost"].map(str::to_owned));
    }
    Facts {
        workload: server.map(workload_name),
        service: service.map(str::to_owned),
        node_port: entry.is_some(),
        handshake,
        sans,
    }
}

/// `statefulset/NAME` or `deployment/NAME`.
pub fn workload_name(object: &Value) -> String {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let kind = word(&object["kind"]).to_ascii_lowercase();
    format!("{kind}/{}", word(&object["metadata"]["name"]))
}

fn has_entry_port(service: &Value) -> bool {
    let ports = service["spec"]["ports"].as_array();
    ports.is_some_and(|ports| {
        ports
            .iter()
            .any(|port| port["nodePort"] == gateway_names::NODE_PORT)
    })
}

fn is_selected_by(workload: &Value, service: &Value) -> bool {
    let labels = &workload["spec"]["template"]["metadata"]["labels"];
    let selector = service["spec"]["selector"].as_object();
    selector.is_some_and(|selector| {
        !selector.is_empty() && selector.iter().all(|(key, value)| labels.get(key) == Some(value))
    })
}

/// Is one of the texts in it this word?
fn has_word(value: &Value, word: &str) -> bool {
    match value {
        Value::String(text) => text == word,
        Value::Array(list) => list.iter().any(|value| has_word(value, word)),
        Value::Object(object) => object.values().any(|value| has_word(value, word)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn service(name: &str, app: &str, port: u64) -> Value {
        json!({"kind": "Service", "metadata": {"name": name}, "spec": {"selector": {"app": app}, "ports": [{"nodePort": port}]}})
    }

    fn workload(kind: &str, name: &str, secret: &str) -> Value {
        json!({"kind": kind, "metadata": {"name": name}, "spec": {"template": {
            "metadata": {"labels": {"app": name, "more": "x"}}, "spec": {"volumes": [{"secret": {"secretName": secret}}]},
        }}})
    }

    #[test]
    fn the_server_is_found() {
        let tls = "openshell-server-tls";
        for (what, objects, server, reached) in [
            (
                "the entry's",
                vec![
                    workload("Deployment", "a", tls),
                    workload("Deployment", "b", "x"),
                    service("s", "b", 30_051),
                ],
                Some("deployment/b"),
                Some("s"),
            ),
            (
                "an entry that selects none",
                vec![
                    workload("Deployment", "a", "x"),
                    workload("StatefulSet", "b", tls),
                    service("s", "c", 30_051),
                ],
                Some("statefulset/b"),
                Some("s"),
            ),
            (
                "by its certificate",
                vec![
                    workload("Deployment", "a", "x"),
                    workload("Deployment", "b", tls),
                    service("s", "b", 1),
                ],
                Some("deployment/b"),
                Some("s"),
            ),
            (
                "by its name",
                vec![
                    workload("Deployment", "a", "x"),
                    workload("StatefulSet", "openshell", "x"),
                ],
                Some("statefulset/openshell"),
                None,
            ),
            (
                "the first",
                vec![
                    workload("Deployment", "a", "x"),
                    workload("StatefulSet", "b", "x"),
                ],
                Some("deployment/a"),
                None,
            ),
            (
                "none",
                vec![service("s", "a", 1), json!({"kind": "DaemonSet"})],
                None,
                None,
            ),
            ("nothing", vec![], None, None),
        ] {
            let found = facts(&objects, "n");
            assert_eq!(
                (found.workload.as_deref(), found.service.as_deref()),
                (server, reached),
                "{what}"
            );
        }
    }

    #[test]
    fn names_follow_service_and_handshake() {
        let usual = [
            workload("StatefulSet", "openshell", "openshell-ssh-handshake"),
            service("openshell", "openshell", 30_051),
        ];
        let found = facts(&usual, "n");
        assert!(found.handshake && found.node_port);
        assert_eq!(found.sans, Vec::<String>::new());
        let other = [workload("Deployment", "gw", "x"), service("gw", "gw", 30_051)];
        assert_eq!(
            facts(&other, "n").sans,
            [
                "gw",
                "gw.n.svc",
                "gw.n.svc.cluster.local",
                "openshell.localhost",
                "*.openshell.localhost"
            ]
        );
    }

    #[test]
    fn documents_and_lists_are_objects() {
        let rendered = "---\n# Source: a\nkind: Service\n---\n---\nkind: List\nitems: [{kind: StatefulSet}, {kind: Deployment}]\n";
        let kinds: Vec<Value> = objects(rendered)
            .unwrap()
            .into_iter()
            .map(|object| object["kind"].clone())
            .collect();
        assert_eq!(kinds, ["Service", "StatefulSet", "Deployment"]);
        assert!(objects("a: b: c").is_err());
    }
}
