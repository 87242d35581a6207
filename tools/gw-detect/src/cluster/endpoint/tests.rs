//! The endpoint, by what a cluster has.

use serde_json::{Value, from_value, json};

use super::*;
use gateway_place::Place;

fn service(of_type: &str, status: Value) -> Value {
    json!({
        "metadata": { "name": "openshell" }, "status": status,
        "spec": { "type": of_type, "ports": [{ "port": 8080, "nodePort": 31000 }] },
    })
}

fn node(is_ready: bool, addresses: &[(&str, &str)]) -> Value {
    let addresses: Vec<_> = addresses
        .iter()
        .map(|(of_type, address)| json!({ "type": of_type, "address": address }))
        .collect();
    let ready = if is_ready { "True" } else { "False" };
    json!({ "status": { "addresses": addresses, "conditions": [{ "type": "Ready", "status": ready }] } })
}

fn ingress(annotations: Value, tls: Value, service: &str) -> Value {
    let backend = json!({ "service": { "name": service } });
    let path = json!({ "backend": backend, "pathType": "Prefix" });
    json!({
        "metadata": { "name": "door", "annotations": annotations },
        "spec": { "tls": tls, "rules": [{ "host": "gw.example", "http": { "paths": [path] } }] },
    })
}

fn observed(service: Option<Value>, ingresses: &[Value], nodes: &[Value]) -> Observed {
    Observed {
        service: service.map(|service| from_value(service).expect("a Service")),
        ingresses: from_value(ingresses.into()).expect("Ingresses"),
        nodes: from_value(nodes.into()).expect("Nodes"),
        ..Observed::default()
    }
}

fn place() -> Place {
    Place::unkept("openshell")
}

const FORWARD: &str = "https://127.0.0.1:8080";

#[test]
fn it_is_where_the_cluster_leads_to_the_server() {
    let internal = node(true, &[("InternalIP", "10.0.0.1")]);
    let external = node(true, &[("InternalIP", "10.0.0.2"), ("ExternalIP", "192.0.2.2")]);
    let down = node(false, &[("ExternalIP", "192.0.2.3")]);
    let six = node(true, &[("InternalIP", "2001:db8::1")]);
    let of_cloud = |address: Value| {
        Some(service(
            "LoadBalancer",
            json!({ "loadBalancer": { "ingress": [address] } }),
        ))
    };
    let inside = || Some(service("ClusterIP", json!({})));
    let node_port = || Some(service("NodePort", json!({})));
    let secured = json!([{ "hosts": ["gw.example"] }]);
    let passed_on = json!({ "nginx.ingress.kubernetes.io/ssl-passthrough": "true" });
    let table = [
        (observed(None, &[], &[]), FORWARD),
        (observed(inside(), &[], std::slice::from_ref(&internal)), FORWARD),
        (observed(node_port(), &[], &[]), FORWARD),
        (observed(node_port(), &[], std::slice::from_ref(&down)), FORWARD),
        (
            observed(node_port(), &[], std::slice::from_ref(&internal)),
            "https://10.0.0.1:31000",
        ),
        (
            observed(node_port(), &[], &[down, internal.clone(), external]),
            "https://192.0.2.2:31000",
        ),
        (observed(node_port(), &[], &[six]), "https://[2001:db8::1]:31000"),
        (
            observed(of_cloud(json!({ "ip": "192.0.2.9" })), &[], &[internal]),
            "https://192.0.2.9:8080",
        ),
        (
            observed(of_cloud(json!({ "hostname": "lb.example" })), &[], &[]),
            "https://lb.example:8080",
        ),
        (
            observed(inside(), &[ingress(json!({}), secured.clone(), "openshell")], &[]),
            "https://gw.example:443",
        ),
        (
            observed(inside(), &[ingress(json!({}), json!([{}]), "openshell")], &[]),
            "https://gw.example:443",
        ),
        (
            observed(inside(), &[ingress(passed_on, json!([]), "openshell")], &[]),
            "https://gw.example:443",
        ),
        (
            observed(inside(), &[ingress(json!({}), json!([]), "openshell")], &[]),
            "http://gw.example:80",
        ),
        (
            observed(inside(), &[ingress(json!({}), secured, "other")], &[]),
            FORWARD,
        ),
    ];
    for (observed, endpoint) in table {
        let found = find(&place(), &observed);
        assert_eq!(found.endpoint.as_deref(), Some(endpoint), "{observed:?}");
        assert_eq!(found.is_forwarded(), endpoint == FORWARD, "{observed:?}");
        assert!(!found.is_pending, "{observed:?}");
    }
}

/// The node port of such a Service is not taken in the address's place.
#[test]
fn an_address_that_a_cloud_has_not_given_yet_is_waited_for() {
    let internal = node(true, &[("InternalIP", "10.0.0.1")]);
    let made = observed(
        Some(service("LoadBalancer", json!({ "loadBalancer": {} }))),
        &[],
        &[internal],
    );
    let found = find(&place(), &made);
    assert_eq!(found.endpoint, None);
    assert!(found.is_pending && found.of.expect("what gives it").contains("load balancer"));
}

#[test]
fn one_that_was_given_counts_before_all() {
    let given = Place {
        endpoint: Some("https://gw.example:1".to_owned()),
        ..place()
    };
    let balanced = observed(Some(service("LoadBalancer", json!({}))), &[], &[]);
    let found = find(&given, &balanced);
    assert_eq!(found.endpoint.as_deref(), Some("https://gw.example:1"));
    assert!(!found.is_forwarded() && !found.is_pending);
}

#[test]
fn without_an_answer_it_is_what_clients_were_told() {
    for (told, endpoint, is_forwarded) in [
        (None, FORWARD, true),
        (Some(FORWARD), FORWARD, true),
        (Some("https://192.0.2.9:8080"), "https://192.0.2.9:8080", false),
    ] {
        let kept = Endpoint::kept(&place(), told.map(str::to_owned));
        assert_eq!(kept.endpoint.as_deref(), Some(endpoint));
        assert_eq!(kept.is_forwarded(), is_forwarded, "{told:?}");
    }
}
