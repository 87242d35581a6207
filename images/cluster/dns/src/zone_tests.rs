use super::*;
use serde_json::{Value, json};

fn from<T: serde::de::DeserializeOwned>(value: Value) -> Arc<T> {
    Arc::new(serde_json::from_value(value).expect("an object of its kind"))
}

fn service(name: &str, spec: Value) -> Arc<Service> {
    from(json!({"metadata": {"name": name, "namespace": "ns"}, "spec": spec}))
}

fn endpoints(name: &str, subsets: Value) -> Arc<Endpoints> {
    from(json!({"metadata": {"name": name, "namespace": "ns"}, "subsets": subsets}))
}

/// The records of a name as text, sorted; `None` where it does not exist.
fn records(services: &[Arc<Service>], endpoints: &[Arc<Endpoints>], name: &str) -> Option<Vec<String>> {
    let domain = Name::from_ascii("cluster.local.").unwrap();
    let zone = Zone::of(&domain, services, endpoints);
    let found = zone.records(&Name::from_ascii(name).unwrap())?;
    let mut texts: Vec<String> = found
        .iter()
        .map(|data| format!("{} {data}", data.record_type()))
        .collect();
    texts.sort();
    Some(texts)
}

/// Each row: a name, and what is recorded under it.
fn check(services: &[Arc<Service>], endpoints: &[Arc<Endpoints>], table: &[(&str, Option<&[&str]>)]) {
    for (name, expected) in table {
        let expected = expected.map(|texts| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(records(services, endpoints, name), expected, "{name}");
    }
}

#[test]
fn a_service_with_an_address() {
    let services = [service(
        "web",
        json!({"clusterIP": "10.43.1.2", "ports": [
            {"name": "https", "port": 443}, {"name": "quic", "port": 443, "protocol": "UDP"}, {"port": 80},
        ]}),
    )];
    let endpoints = [endpoints(
        "web",
        json!([{"addresses": [{"ip": "10.42.0.5"}], "ports": [{"name": "https", "port": 8443}]}]),
    )];
    check(
        &services,
        &endpoints,
        &[
            ("web.ns.svc.cluster.local.", Some(&["A 10.43.1.2"])),
            ("WEB.ns.SVC.cluster.local.", Some(&["A 10.43.1.2"])),
            (
                "_https._tcp.web.ns.svc.cluster.local.",
                Some(&["SRV 0 100 443 web.ns.svc.cluster.local."]),
            ),
            (
                "_quic._udp.web.ns.svc.cluster.local.",
                Some(&["SRV 0 100 443 web.ns.svc.cluster.local."]),
            ),
            ("_tcp.web.ns.svc.cluster.local.", Some(&[])),
            ("_https._udp.web.ns.svc.cluster.local.", None),
            (
                "2.1.43.10.in-addr.arpa.",
                Some(&["PTR web.ns.svc.cluster.local."]),
            ),
            ("10-42-0-5.web.ns.svc.cluster.local.", None),
            ("5.0.42.10.in-addr.arpa.", None),
            ("ns.svc.cluster.local.", Some(&[])),
            ("svc.cluster.local.", Some(&[])),
            ("web.other.svc.cluster.local.", None),
            ("other.svc.cluster.local.", None),
            ("web.ns.cluster.local.", None),
            ("dns-version.cluster.local.", Some(&["TXT 1.1.0"])),
        ],
    );
}

#[test]
fn a_service_of_two_families() {
    let services = [service(
        "web",
        json!({"clusterIP": "10.43.1.2", "clusterIPs": ["10.43.1.2", "fd00::1"]}),
    )];
    check(
        &services,
        &[],
        &[(
            "web.ns.svc.cluster.local.",
            Some(&["A 10.43.1.2", "AAAA fd00::1"]),
        )],
    );
}

#[test]
fn a_headless_service_has_the_addresses_of_ready_endpoints() {
    let services = [service(
        "db",
        json!({"clusterIP": "None", "ports": [{"name": "sql", "port": 5432}]}),
    )];
    let subset = json!([{
        "addresses": [{"ip": "10.42.0.5", "hostname": "db-0"}, {"ip": "10.42.0.6"}, {"ip": "fd00::6"}],
        "notReadyAddresses": [{"ip": "10.42.0.7", "hostname": "db-1"}],
        "ports": [{"name": "sql", "port": 15432, "protocol": "TCP"}, {"port": 1}],
    }]);
    let endpoints = [endpoints("db", subset)];
    check(
        &services,
        &endpoints,
        &[
            (
                "db.ns.svc.cluster.local.",
                Some(&["A 10.42.0.5", "A 10.42.0.6", "AAAA fd00::6"]),
            ),
            ("db-0.db.ns.svc.cluster.local.", Some(&["A 10.42.0.5"])),
            ("10-42-0-6.db.ns.svc.cluster.local.", Some(&["A 10.42.0.6"])),
            ("fd00--6.db.ns.svc.cluster.local.", Some(&["AAAA fd00::6"])),
            ("db-1.db.ns.svc.cluster.local.", None),
            (
                "_sql._tcp.db.ns.svc.cluster.local.",
                Some(&[
                    "SRV 0 100 15432 10-42-0-6.db.ns.svc.cluster.local.",
                    "SRV 0 100 15432 db-0.db.ns.svc.cluster.local.",
                    "SRV 0 100 15432 fd00--6.db.ns.svc.cluster.local.",
                ]),
            ),
            (
                "5.0.42.10.in-addr.arpa.",
                Some(&["PTR db-0.db.ns.svc.cluster.local."]),
            ),
            ("7.0.42.10.in-addr.arpa.", None),
        ],
    );
}

#[test]
fn unready_endpoints_are_published_where_the_service_asks_for_it() {
    let services = [service(
        "db",
        json!({"clusterIP": "None", "publishNotReadyAddresses": true}),
    )];
    let endpoints = [endpoints(
        "db",
        json!([{"notReadyAddresses": [{"ip": "10.42.0.7", "hostname": "db-1"}]}]),
    )];
    check(
        &services,
        &endpoints,
        &[
            ("db.ns.svc.cluster.local.", Some(&["A 10.42.0.7"])),
            ("db-1.db.ns.svc.cluster.local.", Some(&["A 10.42.0.7"])),
        ],
    );
}

#[test]
fn a_headless_service_without_ready_endpoints_does_not_exist_and_its_namespace_does() {
    let services = [service("db", json!({"clusterIP": "None"}))];
    let unready = [endpoints(
        "db",
        json!([{"notReadyAddresses": [{"ip": "10.42.0.7"}]}]),
    )];
    for endpoints in [&[][..], &unready] {
        check(
            &services,
            endpoints,
            &[
                ("db.ns.svc.cluster.local.", None),
                ("ns.svc.cluster.local.", Some(&[])),
            ],
        );
    }
}

#[test]
fn a_hostname_below_a_service_with_an_address_is_known() {
    let services = [service("gw", json!({"clusterIP": "10.43.1.2"}))];
    let endpoints = [endpoints(
        "gw",
        json!([{"addresses": [{"ip": "10.42.0.5", "hostname": "gw-0"}]}]),
    )];
    check(
        &services,
        &endpoints,
        &[
            ("gw-0.gw.ns.svc.cluster.local.", Some(&["A 10.42.0.5"])),
            ("gw.ns.svc.cluster.local.", Some(&["A 10.43.1.2"])),
            ("5.0.42.10.in-addr.arpa.", None),
        ],
    );
}

#[test]
fn an_external_name_is_an_alias() {
    let services = [service(
        "out",
        json!({"type": "ExternalName", "externalName": "www.example.org"}),
    )];
    check(
        &services,
        &[],
        &[("out.ns.svc.cluster.local.", Some(&["CNAME www.example.org."]))],
    );
}

#[test]
fn what_is_no_name_or_address_is_left_out() {
    let services = [
        service("a", json!({"clusterIP": ""})),
        service(
            "b",
            json!({"type": "ExternalName", "externalName": "..", "clusterIP": ""}),
        ),
        service(&"x".repeat(64), json!({"clusterIP": "10.43.1.3"})),
        service(
            "c",
            json!({"clusterIP": "10.43.1.4", "ports": [{"name": "p", "port": 70000}]}),
        ),
    ];
    check(
        &services,
        &[],
        &[
            ("a.ns.svc.cluster.local.", None),
            ("b.ns.svc.cluster.local.", None),
            ("_p._tcp.c.ns.svc.cluster.local.", None),
            ("c.ns.svc.cluster.local.", Some(&["A 10.43.1.4"])),
        ],
    );
}
