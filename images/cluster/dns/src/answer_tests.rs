use std::sync::Arc;

use super::*;
use k8s_openapi::api::core::v1::{Endpoints, Service};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn from<T: DeserializeOwned>(values: &[Value]) -> Vec<Arc<T>> {
    let made = values
        .iter()
        .map(|value| Arc::new(serde_json::from_value(value.clone()).expect("an object of its kind")));
    made.collect()
}

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn ask(asked: &str, record_type: RecordType) -> Option<Answer> {
    let authority = Authority {
        domain: name("cluster.local."),
        networks: ["10.42.0.0/16", "10.43.0.0/16"]
            .map(|network| network.parse().unwrap())
            .to_vec(),
    };
    let service =
        |name: &str, spec: Value| json!({"metadata": {"name": name, "namespace": "ns"}, "spec": spec});
    let alias =
        |name: &str, target: &str| service(name, json!({"type": "ExternalName", "externalName": target}));
    let services: Vec<Arc<Service>> = from(&[
        service(
            "web",
            json!({"clusterIP": "10.43.1.2", "ports": [{"name": "http", "port": 80}]}),
        ),
        service("db", json!({"clusterIP": "None"})),
        alias("out", "www.example.org"),
        alias("in", "web.ns.svc.cluster.local"),
        alias("gone", "absent.ns.svc.cluster.local"),
        alias("loop", "loop.ns.svc.cluster.local"),
    ]);
    let endpoints: Vec<Arc<Endpoints>> = from(&[json!({
        "metadata": {"name": "db", "namespace": "ns"},
        "subsets": [{"addresses": [{"ip": "192.0.2.7", "hostname": "db-0"}]}],
    })]);
    let zone = Zone::of(&authority.domain, &services, &endpoints);
    authority.answer(&zone, &name(asked), record_type)
}

/// What an answer says, in one line.
fn told(answer: Option<Answer>) -> String {
    let texts = |records: &[Record]| {
        let texts: Vec<String> = records
            .iter()
            .map(|record| format!("{} {} {}", record.name, record.record_type(), record.data))
            .collect();
        texts.join(", ")
    };
    match answer {
        None => "of others".to_owned(),
        Some(Answer::NoName { answers }) => format!("no name: {}", texts(&answers)),
        Some(Answer::Records { answers, additionals }) => {
            format!("{} + {}", texts(&answers), texts(&additionals))
        }
        Some(Answer::Elsewhere { answers, target }) => format!("{} -> {target}", texts(&answers)),
    }
}

#[test]
fn names_types_and_whom_to_ask() {
    use RecordType as T;
    let web = "web.ns.svc.cluster.local.";
    let table: &[(&str, T, &str)] = &[
        (web, T::A, "web.ns.svc.cluster.local. A 10.43.1.2 + "),
        (web, T::AAAA, " + "),
        (web, T::MX, " + "),
        ("nothing.ns.svc.cluster.local.", T::A, "no name: "),
        ("nothing.ns.svc.cluster.local.", T::AAAA, "no name: "),
        (
            "web.ns.svc.cluster.local.ns.svc.cluster.local.",
            T::A,
            "no name: ",
        ),
        ("ns.svc.cluster.local.", T::A, " + "),
        ("cluster.local.", T::A, " + "),
        ("example.cluster.local.", T::A, "no name: "),
        (
            "_http._tcp.web.ns.svc.cluster.local.",
            T::SRV,
            "_http._tcp.web.ns.svc.cluster.local. SRV 0 100 80 web.ns.svc.cluster.local. + web.ns.svc.cluster.local. A 10.43.1.2",
        ),
        ("www.example.org.", T::A, "of others"),
        ("xcluster.local.", T::A, "of others"),
        ("web.", T::A, "of others"),
    ];
    for (asked, record_type, expected) in table {
        assert_eq!(told(ask(asked, *record_type)), *expected, "{asked} {record_type}");
    }
}

#[test]
fn addresses_are_named_and_those_of_own_networks_are_never_asked_elsewhere() {
    let table = [
        (
            "2.1.43.10.in-addr.arpa.",
            "2.1.43.10.in-addr.arpa. PTR web.ns.svc.cluster.local. + ",
        ),
        ("9.9.43.10.in-addr.arpa.", "no name: "),
        ("9.9.42.10.in-addr.arpa.", "no name: "),
        ("43.10.in-addr.arpa.", " + "),
        // An endpoint outside of the cluster's networks, and its neighbour.
        (
            "7.2.0.192.in-addr.arpa.",
            "7.2.0.192.in-addr.arpa. PTR db-0.db.ns.svc.cluster.local. + ",
        ),
        ("8.2.0.192.in-addr.arpa.", "of others"),
        ("2.0.192.in-addr.arpa.", "of others"),
        ("10.in-addr.arpa.", "of others"),
        ("1.0.44.10.in-addr.arpa.", "of others"),
    ];
    for (asked, expected) in table {
        assert_eq!(told(ask(asked, RecordType::PTR)), expected, "{asked}");
    }
}

#[test]
fn aliases_are_followed_to_their_end() {
    let out = "out.ns.svc.cluster.local. CNAME www.example.org.";
    let inside = "in.ns.svc.cluster.local. CNAME web.ns.svc.cluster.local.";
    let table = [
        ("out", RecordType::A, format!("{out} -> www.example.org.")),
        ("out", RecordType::CNAME, format!("{out} + ")),
        (
            "in",
            RecordType::A,
            format!("{inside}, web.ns.svc.cluster.local. A 10.43.1.2 + "),
        ),
        ("in", RecordType::AAAA, format!("{inside} + ")),
        (
            "gone",
            RecordType::A,
            "no name: gone.ns.svc.cluster.local. CNAME absent.ns.svc.cluster.local.".to_owned(),
        ),
    ];
    for (asked, record_type, expected) in table {
        let asked = format!("{asked}.ns.svc.cluster.local.");
        assert_eq!(told(ask(&asked, record_type)), expected, "{asked} {record_type}");
    }
    let circle = ask("loop.ns.svc.cluster.local.", RecordType::A);
    assert!(matches!(circle, Some(Answer::Records { .. })), "it ends");
}

#[test]
fn a_pods_name_says_its_address() {
    let table = [
        (
            "10-42-0-9.any.pod.cluster.local.",
            "10-42-0-9.any.pod.cluster.local. A 10.42.0.9 + ",
        ),
        ("any.pod.cluster.local.", " + "),
        ("pod.cluster.local.", " + "),
        ("x.any.pod.cluster.local.", "no name: "),
        ("a.10-42-0-9.any.pod.cluster.local.", "no name: "),
    ];
    for (asked, expected) in table {
        assert_eq!(told(ask(asked, RecordType::A)), expected, "{asked}");
    }
}

#[test]
fn an_answer_bears_the_name_as_it_was_asked_for() {
    let answer = told(ask("WEB.ns.svc.Cluster.local.", RecordType::A));
    assert!(answer.starts_with("WEB.ns.svc.Cluster.local. A"), "{answer}");
}
