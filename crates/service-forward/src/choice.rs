//! Which port of which pod a stream leads to: pure functions of what the cluster has.

use std::cmp::Reverse;

use k8s_openapi::api::core::v1::{Container, Pod, Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::Misfit;

/// A port of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend {
    /// The pod's name.
    pub pod: String,
    /// The TCP port.
    pub port: u16,
}

/// The label selector of the Service's pods, as a list takes it. An error for a Service without one: it has no pods of its own.
pub fn selector(service: &Service) -> Result<String, Misfit> {
    let labels = service.spec.as_ref().and_then(|spec| spec.selector.as_ref());
    let pairs = labels.into_iter().flatten();
    let pairs: Vec<String> = pairs.map(|(key, value)| format!("{key}={value}")).collect();
    if pairs.is_empty() {
        return Err(Misfit::SelectorMissing);
    }
    Ok(pairs.join(","))
}

/// A ready pod and its port behind a port of the Service, which is named, or the first one.
pub fn choose(service: &Service, wanted: Option<&str>, pods: &[Pod]) -> Result<Backend, Misfit> {
    let spec = service.spec.as_ref().ok_or(Misfit::PortMissing)?;
    let port = port_of(spec, wanted).ok_or(Misfit::PortMissing)?;
    let pod = longest_ready(pods).ok_or(Misfit::Unready { of: pods.len() })?;
    let name = pod.metadata.name.clone().unwrap_or_default();
    let number = match target_of(spec, port) {
        IntOrString::Int(number) => number,
        IntOrString::String(name) => container_port(pod, &name).ok_or(Misfit::TargetMissing { name })?,
    };
    Ok(Backend {
        pod: name,
        port: u16::try_from(number).map_err(|_| Misfit::PortMissing)?,
    })
}

fn port_of<'a>(spec: &'a ServiceSpec, wanted: Option<&str>) -> Option<&'a ServicePort> {
    let is_tcp = |port: &&ServicePort| port.protocol.as_deref().is_none_or(|protocol| protocol == "TCP");
    let mut ports = spec.ports.iter().flatten().filter(is_tcp);
    let Some(wanted) = wanted else { return ports.next() };
    ports.find(|port| port.name.as_deref() == Some(wanted) || port.port.to_string() == wanted)
}

/// Of a headless Service, targetPort is ignored. Source: Kubernetes' API reference, ServicePort.
fn target_of(spec: &ServiceSpec, port: &ServicePort) -> IntOrString {
    let is_headless = spec.cluster_ip.as_deref() == Some("None");
    match &port.target_port {
        Some(IntOrString::Int(0)) | None => IntOrString::Int(port.port),
        Some(_) if is_headless => IntOrString::Int(port.port),
        Some(target) => target.clone(),
    }
}

/// A named port of a container, or of an init container that goes on beside them (restartPolicy Always).
fn container_port(pod: &Pod, name: &str) -> Option<i32> {
    let spec = pod.spec.as_ref()?;
    let stays = |container: &&Container| container.restart_policy.as_deref() == Some("Always");
    let beside = spec.init_containers.iter().flatten().filter(stays);
    let ports = spec.containers.iter().chain(beside);
    ports
        .flat_map(|container| container.ports.iter().flatten())
        .find(|port| port.name.as_deref() == Some(name))
        .map(|port| port.container_port)
}

/// The one that was made first, of those that are ready and stay.
fn longest_ready(pods: &[Pod]) -> Option<&Pod> {
    pods.iter()
        .filter(|pod| pod.metadata.deletion_timestamp.is_none() && is_ready(pod))
        .max_by_key(|pod| {
            let made = pod.metadata.creation_timestamp.as_ref().map(|time| time.0);
            (Reverse(made), Reverse(pod.metadata.name.clone()))
        })
}

/// Is the pod ready to serve, by its condition?
pub fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Target, check};
    use serde_json::{Value, from_value, json};

    fn service(spec: Value) -> Service {
        from_value(json!({ "spec": spec })).unwrap()
    }

    /// Two ports, the second one to the pods' port of name `probe`.
    fn usual() -> Service {
        service(json!({ "selector": { "app": "gw" }, "ports": [
            { "name": "grpc", "port": 80, "targetPort": 8080 },
            { "name": "health", "port": 81, "targetPort": "probe" },
        ] }))
    }

    fn pod(name: &str, made: &str, is_ready: bool) -> Pod {
        let ready = if is_ready { "True" } else { "False" };
        let time = format!("2026-01-01T00:00:{made}Z");
        from_value(json!({
            "metadata": { "name": name, "creationTimestamp": time },
            "spec": {
                "containers": [{ "name": "c", "ports": [{ "name": "probe", "containerPort": 9000 }] }],
                "initContainers": [
                    { "name": "before", "ports": [{ "name": "gone", "containerPort": 9001 }] },
                    { "name": "beside", "restartPolicy": "Always", "ports": [{ "name": "beside", "containerPort": 9002 }] },
                ],
            },
            "status": { "conditions": [{ "type": "Ready", "status": ready }] },
        }))
        .unwrap()
    }

    fn with_target(target: Value) -> Service {
        service(json!({ "selector": { "app": "gw" }, "ports": [{ "port": 80, "targetPort": target }] }))
    }

    #[test]
    fn the_port_is_the_first_or_the_named_one_and_leads_to_its_target() {
        let pods = [pod("p", "00", true)];
        let bare = service(json!({ "ports": [{ "port": 80 }] }));
        let headless = service(json!({ "clusterIP": "None", "ports": [{ "port": 80, "targetPort": 8080 }] }));
        let other_protocol = service(
            json!({ "ports": [{ "port": 80, "protocol": "UDP" }, { "port": 82, "protocol": "TCP" }] }),
        );
        for (service, wanted, expected) in [
            (usual(), None, Ok(8080)),
            (usual(), Some("grpc"), Ok(8080)),
            (usual(), Some("80"), Ok(8080)),
            (usual(), Some("health"), Ok(9000)),
            (usual(), Some("81"), Ok(9000)),
            (usual(), Some("8080"), Err(Misfit::PortMissing)),
            (bare, None, Ok(80)),
            (headless, None, Ok(80)),
            (other_protocol, None, Ok(82)),
            (with_target(json!("beside")), None, Ok(9002)),
            (with_target(json!(0)), None, Ok(80)),
            (with_target(json!(70_000)), None, Err(Misfit::PortMissing)),
            (
                with_target(json!("gone")),
                None,
                Err(Misfit::TargetMissing {
                    name: "gone".to_owned(),
                }),
            ),
            (service(json!({ "ports": [] })), None, Err(Misfit::PortMissing)),
            (Service::default(), None, Err(Misfit::PortMissing)),
        ] {
            let chosen = choose(&service, wanted, &pods);
            assert_eq!(
                chosen.map(|backend| backend.port),
                expected,
                "{service:?} {wanted:?}"
            );
        }
    }

    #[test]
    fn the_pod_is_the_one_that_has_been_ready_for_longest() {
        let mut ending = pod("ending", "00", true);
        ending.metadata.deletion_timestamp = ending.metadata.creation_timestamp.clone();
        let unready = pod("unready", "01", false);
        let (old, new) = (pod("old", "02", true), pod("new", "03", true));
        let twin = pod("another", "02", true);
        for (pods, expected) in [
            (vec![], Err(Misfit::Unready { of: 0 })),
            (vec![&unready, &ending], Err(Misfit::Unready { of: 2 })),
            (vec![&ending, &unready, &new, &old], Ok("old")),
            (vec![&old, &twin], Ok("another")),
            (vec![&twin, &old], Ok("another")),
            (vec![&unready, &new], Ok("new")),
        ] {
            let pods: Vec<Pod> = pods.into_iter().cloned().collect();
            let chosen = choose(&usual(), None, &pods).map(|backend| backend.pod);
            assert_eq!(chosen, expected.map(str::to_owned));
        }
    }

    #[test]
    fn pods_are_selected_by_all_labels_and_none_without_any() {
        let labels = service(json!({ "selector": { "b": "2", "a": "1" } }));
        assert_eq!(selector(&labels), Ok("a=1,b=2".to_owned()));
        // A list by an empty selector would have every pod of the namespace.
        for none in [
            service(json!({ "selector": {} })),
            service(json!({})),
            Service::default(),
        ] {
            assert_eq!(selector(&none), Err(Misfit::SelectorMissing));
        }
    }

    #[test]
    fn a_service_is_checked_without_its_pods() {
        let target = |text: &str| Target::parse(text).unwrap();
        let without_labels = service(json!({ "ports": [{ "port": 80 }] }));
        for (service, text, expected) in [
            (usual(), "s", Ok(())),
            (usual(), "s:health", Ok(())),
            (usual(), "s:other", Err(Misfit::PortMissing)),
            (without_labels, "s", Err(Misfit::SelectorMissing)),
        ] {
            assert_eq!(check(&service, &target(text)), expected, "{text}");
        }
    }
}
