//! `forward`: connections, pods that go, and what is told.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::json;

use crate::cluster::{Cluster, Connection, echo, late};

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

#[test]
fn connections_lead_to_the_server_and_outlive_its_pod() {
    let port = free_port();
    let cluster = Cluster::new().kept(port);
    cluster.pod("one", true);
    cluster.kubernetes.lead("one", 8080, echo("one"));
    let running = cluster.start(&["forward"]);
    assert_eq!(
        running.line(),
        format!("gw-node: gateway g is reached on 127.0.0.1:{port} until Ctrl-C")
    );
    let address = ([127, 0, 0, 1], port).into();
    let (mut first, mut second) = (Connection::to(address), Connection::to(address));
    for connection in [&mut first, &mut second] {
        assert_eq!(connection.line(), "one");
        connection.say("hello");
        assert_eq!(connection.line(), "hello");
    }

    cluster.kubernetes.remove_pod("one");
    assert_eq!(first.line(), "", "the pod's connections end with it");
    cluster.pod("two", true);
    cluster.kubernetes.lead("two", 8080, echo("two"));
    let mut third = Connection::to(address);
    assert_eq!(third.line(), "two");
    assert_eq!(cluster.kubernetes.streams(), ["one", "one", "two"]);

    let (ended, said) = running.document("-INT");
    assert_eq!((ended.code, ended.reason()), (130, "interrupted"));
    assert_eq!(ended.document["gateway"], "g");
    assert_eq!(ended.document["service"], "openshell");
    assert_eq!(ended.document["forward_address"], format!("127.0.0.1:{port}"));
    assert_eq!(said.len(), 1, "only the error of the signal: {said:?}");
    TcpListener::bind(("127.0.0.1", port)).expect("the port is free again");
}

#[test]
fn a_client_that_says_no_more_is_answered() {
    let cluster = Cluster::new().in_container();
    cluster.pod("one", true);
    cluster.kubernetes.lead("one", 8080, late());
    let running = cluster.start(&["forward", "--port", "0"]);
    let mut connection = Connection::to(running.address());
    connection.say("hello");
    connection.say_no_more();
    assert_eq!(connection.line(), "late");
}

#[test]
fn a_server_that_is_not_reached_is_told_once_for_each_change() {
    let cluster = Cluster::new().in_container();
    let running = cluster.start(&["forward", "--port", "0"]);
    let address = running.address();
    let is_cut = || assert_eq!(Connection::to(address).line(), "");
    let told = |cause: &str| {
        let expected = format!(
            "gw-node: warning: service openshell is not reached: {cause}; the next connection is tried anew"
        );
        assert_eq!(running.line(), expected);
    };
    for _ in 0..3 {
        is_cut();
    }
    told("it has no pod");
    cluster.pod("one", false);
    is_cut();
    told("its pod is not ready");
    cluster.pod("one", true);
    for _ in 0..3 {
        is_cut();
    }
    told("pod one: error forwarding port 8080: connection refused");
    cluster.kubernetes.lead("one", 8080, echo("one"));
    for _ in 0..3 {
        assert_eq!(Connection::to(address).line(), "one");
    }
    assert_eq!(running.line(), "gw-node: service openshell is reached again");
    cluster.kubernetes.stop();
    is_cut();
    assert!(
        running
            .line()
            .starts_with("gw-node: warning: service openshell is not reached: "),
        "the API server is gone"
    );
    let (ended, said) = running.document("-TERM");
    assert_eq!(ended.code, 143);
    assert_eq!(said.len(), 1, "{said:?}");
}

#[test]
fn a_forward_and_a_log_that_is_followed_outlast_the_timeout() {
    let cluster = Cluster::new().in_container();
    cluster.pod("one", true);
    cluster.kubernetes.lead("one", 8080, echo("one"));
    let limit = ["--timeout", "2s"];
    let forward = cluster.start(&[&["forward", "--port", "0"][..], &limit].concat());
    let mut log = cluster.start(&[&["logs", "sandbox", "one", "--follow"][..], &limit].concat());
    let mut connection = Connection::to(forward.address());
    assert_eq!(connection.line(), "one");
    assert!(connection.stays_for(Duration::from_millis(2500)));
    connection.say("hello");
    assert_eq!(connection.line(), "hello");
    cluster.kubernetes.write_log("one", "agent", "text");
    assert_eq!(log.read(4), "text");
}

#[test]
fn the_service_is_the_deployed_ones_or_the_named_one() {
    let cluster = Cluster::new().in_container();
    cluster.pod("one", true);
    cluster.kubernetes.lead("one", 8080, echo("first port"));
    cluster.kubernetes.lead("one", 81, echo("other port"));
    cluster.kubernetes.lead("one", 9000, echo("entry"));
    let spec = json!({ "selector": { "app": "gw" }, "ports": [{ "port": 9000 }] });
    cluster.service("entry", &spec);
    let answer = |flags: &[&str]| {
        let running = cluster.start(&[&["forward", "--port", "0"], flags].concat());
        Connection::to(running.address()).line()
    };
    assert_eq!(answer(&[]), "first port");
    assert_eq!(answer(&["--service", "openshell:grpc"]), "first port");
    assert_eq!(answer(&["--service", "openshell:81"]), "other port");
    cluster.keep(
        "deployment.json",
        r#"{"release":"r","facts_of":"r","facts":{"service":"entry"}}"#,
    );
    assert_eq!(answer(&[]), "entry");
    assert_eq!(answer(&["--service", "openshell"]), "first port");
}

#[test]
fn what_cannot_be_forwarded_is_told_before_anybody_connects() {
    let port = free_port();
    let cluster = Cluster::new().kept(port);
    let holder = TcpListener::bind(("127.0.0.1", port)).expect("a free port");
    let nowhere = json!({ "ports": [{ "port": 80 }] });
    cluster.service("external", &nowhere);
    for (flags, reason) in [
        (&[][..], "port_taken"),
        (&["--port", "0", "--service", "other"], "no_service"),
        (&["--port", "0", "--namespace", "other"], "no_service"),
        (
            &["--port", "0", "--service", "openshell:other"],
            "service_invalid",
        ),
        (&["--port", "0", "--service", "external"], "service_invalid"),
        (&["--dry-run", "--service", "other"], "no_service"),
    ] {
        let ended = cluster.run(&[&["forward"], flags].concat());
        assert_eq!((ended.code, ended.reason()), (1, reason), "{}", ended.stderr);
        assert!(ended.document["forward_address"].is_null());
    }
    let planned = cluster.run(&["forward", "--dry-run"]);
    assert_eq!(planned.code, 0, "a plan listens on no port: {}", planned.stderr);
    assert_eq!(planned.document["dry_run"], true);
    drop(holder);
}
