//! Each state, as Docker really shows it.

use std::net::TcpListener;

use gateway_names::{GATEWAY_LABEL, SPEC_LABEL};
use played_gateway::{Authority, ServedGateway, docker, skipped};

/// The server with mTLS.
pub const SECURED: &str = "COPY ca.crt tls.crt tls.key /tls/\n";

#[test]
fn nothing_then_a_volume_then_a_stopped_container() {
    if skipped() {
        return;
    }
    let mut gateway = ServedGateway::new();
    let nothing = gateway.detect();
    assert_eq!(
        (&nothing["state"], &nothing["recommended"]["action"]),
        (&"absent".into(), &"create".into())
    );
    assert!(nothing["container"].is_null() && nothing["endpoint"].is_null() && nothing["spec"].is_null());

    std::fs::create_dir_all(gateway.folder()).expect("a folder");
    let spec = format!(r#"{{"image":"i","node_name":"kept","port":{}}}"#, gateway.port);
    std::fs::write(gateway.folder().join("spec.json"), spec).expect("room");
    let settings = gateway.detect();
    assert_eq!(
        (
            &settings["state"],
            &settings["spec"]["image"],
            &settings["spec_source"]
        ),
        (&"absent".into(), &"i".into(), &"client_files".into())
    );
    assert!(settings["endpoint"].is_null(), "settings alone are no address");

    docker(&["volume", "create", &gateway.resource()]);
    let volume = gateway.detect();
    assert_eq!(
        (&volume["state"], &volume["recommended"]["action"]),
        (&"volume_only".into(), &"resume".into())
    );
    assert_eq!(
        (&volume["spec"]["node_name"], &volume["spec_source"]),
        (&"kept".into(), &"client_files".into())
    );
    assert_eq!(volume["endpoint"], format!("https://127.0.0.1:{}", gateway.port));

    let image = gateway.build("");
    gateway.make(&["create"], &[], &image);
    let stopped = gateway.detect();
    assert_eq!(
        (&stopped["state"], &stopped["spec_source"]),
        (&"stopped".into(), &"container".into())
    );
    assert_eq!(stopped["container"]["node_name"], "node");
    assert!(stopped["container"]["started_at"].is_null() && stopped["container"]["exit_code"].is_null());
    assert_eq!(stopped["ports"]["holders"], serde_json::json!([]));

    let held = TcpListener::bind(("127.0.0.1", gateway.port)).expect("the port");
    let taken = gateway.detect();
    assert_eq!(taken["recommended"]["action"], "ask");
    let holder = &taken["ports"]["holders"][0];
    assert_eq!(
        (&holder["kind"], &holder["pid"]),
        (&"process".into(), &std::process::id().into()),
        "{holder}"
    );
    drop(held);

    for (states, code) in [("stopped", 0), ("serving,stopped", 0), ("serving", 1)] {
        let run = gateway.run_tool("gw-detect", &["--expect", states]);
        assert_eq!(
            (run.code, &run.document["state"]),
            (code, &"stopped".into()),
            "{states}"
        );
    }
}

#[test]
fn serves_only_where_the_clients_bundle_is_accepted() {
    if skipped() {
        return;
    }
    let mut gateway = ServedGateway::new();
    let image = gateway.build(SECURED);
    gateway.make(&["run", "--detach"], &[], &image);
    let without = gateway.reaches("running");
    assert_eq!(without["probe"]["outcome"], "no_bundle");

    gateway.give_bundle(&Authority::new());
    let strange = gateway.detect();
    assert_eq!(
        (&strange["state"], &strange["probe"]["outcome"]),
        (&"running".into(), &"tls_failed".into())
    );
    assert_eq!(
        strange["client_files"]["bundle"],
        serde_json::json!({"present": true, "mode": "0644", "agrees": false})
    );

    gateway.give_bundle(&gateway.authority);
    let serving = gateway.reaches("serving");
    assert_eq!(serving["recommended"]["action"], "none");
    assert_eq!(serving["ports"]["published"], gateway.port);
    assert_eq!(serving["network"]["attached"], true);
    assert_eq!(serving["container"]["labelled"], false);
    assert_eq!(serving["client_files"]["bundle"]["agrees"], true);

    docker(&["pause", &gateway.resource()]);
    let paused = gateway.detect();
    assert_eq!(
        (&paused["state"], &paused["recommended"]["action"]),
        (&"paused".into(), &"resume".into())
    );
    docker(&["unpause", &gateway.resource()]);
    gateway.reaches("serving");

    docker(&["kill", &gateway.resource()]);
    docker(&["network", "rm", &gateway.resource()]);
    let stale = gateway.detect();
    assert_eq!(
        (
            &stale["state"],
            &stale["recommended"]["action"],
            &stale["container"]["exit_code"]
        ),
        (&"stopped".into(), &"repair_network".into(), &137.into())
    );
    assert_eq!(
        (&stale["network"]["exists"], &stale["network"]["stale"]),
        (&false.into(), &true.into())
    );
}

#[test]
fn without_tls_http2_is_enough_and_the_label_counts() {
    if skipped() {
        return;
    }
    let mut gateway = ServedGateway::new();
    let image = gateway.build("");
    let spec = format!(
        r#"{SPEC_LABEL}={{"image":"named","node_name":"node","plaintext":true,"port":{}}}"#,
        gateway.port
    );
    let label = format!("{GATEWAY_LABEL}={}", gateway.name);
    gateway.make(
        &["run", "--detach"],
        &["--label", &spec, "--label", &label],
        &image,
    );
    let serving = gateway.reaches("serving");
    assert_eq!(serving["endpoint"], format!("http://127.0.0.1:{}", gateway.port));
    assert_eq!(
        (&serving["spec"]["image"], &serving["spec_source"]),
        (&"named".into(), &"label".into())
    );
    assert_eq!(serving["container"]["labelled"], true);
}

#[test]
fn a_health_check_that_has_not_run_yet_and_a_server_that_cannot_start() {
    if skipped() {
        return;
    }
    let mut gateway = ServedGateway::new();
    let image = gateway.build("HEALTHCHECK --interval=1h CMD [\"/play\"]\n");
    gateway.make(&["run", "--detach"], &[], &image);
    let starting = gateway.reaches("starting");
    assert_eq!(
        (
            &starting["recommended"]["action"],
            &starting["container"]["health"]["status"]
        ),
        (&"wait".into(), &"starting".into())
    );

    let mut crashing = ServedGateway::new();
    let image = crashing.build("ENV PLAY_EXIT=1\n");
    crashing.make(&["run", "--detach"], &["--restart", "unless-stopped"], &image);
    let restarting = crashing.reaches("restarting");
    assert_eq!(restarting["container"]["restart_policy"], "unless-stopped");
    assert_eq!(restarting["container"]["exit_code"], 1);
}

#[test]
fn what_is_no_gateway_is_a_conflict() {
    if skipped() {
        return;
    }
    let mut gateway = ServedGateway::new();
    let image = gateway.build("");
    docker(&["run", "--detach", "--name", &gateway.resource(), &image]);
    let foreign = gateway.detect();
    assert_eq!(
        (&foreign["state"], &foreign["recommended"]["action"]),
        (&"conflict".into(), &"ask".into())
    );
    assert!(
        foreign["conflicts"][0]
            .as_str()
            .expect("a text")
            .contains("volume")
    );
    docker(&["rm", "--force", &gateway.resource()]);

    let label = format!("{GATEWAY_LABEL}=another");
    gateway.make(&["run", "--detach"], &["--label", &label], &image);
    let of_another = gateway.detect();
    assert_eq!(of_another["state"], "conflict");
    assert!(
        of_another["conflicts"][0]
            .as_str()
            .expect("a text")
            .contains("another")
    );
}
