//! mTLS, and what happens when its files change.

use crate::authority::Authority;
use crate::process::{Gateway, eventually, write_server};
use reference_gateway::client::ClientTls;

#[tokio::test]
async fn demands_a_certificate_of_its_ca() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let gateway = Gateway::with_tls(&ours, |_| {});
    assert!(
        gateway
            .client(Some(ours.client(&ours)))
            .is_serving()
            .await
            .unwrap()
    );
    assert!(
        gateway
            .client(Some(theirs.client(&ours)))
            .is_serving()
            .await
            .is_err(),
        "another CA's client"
    );
    assert!(
        gateway
            .client(Some(ours.client(&theirs)))
            .is_serving()
            .await
            .is_err(),
        "a client that trusts another CA"
    );
    let nameless = ClientTls {
        identity: None,
        ..ours.client(&ours)
    };
    assert!(
        gateway.client(Some(nameless)).is_serving().await.is_err(),
        "no certificate"
    );
    assert!(gateway.client(None).is_serving().await.is_err(), "no TLS");
}

#[tokio::test]
async fn demands_no_certificate_where_that_is_switched_off() {
    let ours = Authority::new();
    let gateway = Gateway::with_tls(&ours, |command| {
        command
            .env("OPENSHELL_DISABLE_GATEWAY_AUTH", "true")
            .env_remove("OPENSHELL_TLS_CLIENT_CA");
    });
    let nameless = ClientTls {
        identity: None,
        ..ours.client(&ours)
    };
    assert!(gateway.client(Some(nameless)).is_serving().await.unwrap());
}

#[tokio::test]
async fn tunnels_need_a_certificate_and_a_token() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let gateway = Gateway::with_tls(&ours, |_| {});
    let known = gateway.client(Some(ours.client(&ours)));
    let denied = known.open_tunnel("id", "").await.err().unwrap().to_string();
    assert!(denied.starts_with("401"), "{denied}");
    let stranger = gateway.client(Some(theirs.client(&ours)));
    let failed = stranger.open_tunnel("id", "").await.err().unwrap().to_string();
    assert!(!failed.starts_with("401"), "{failed}");
}

#[tokio::test]
async fn new_files_are_used_without_a_restart_and_broken_ones_are_not() {
    let (old, new) = (Authority::new(), Authority::new());
    let mut gateway = Gateway::with_tls(&old, |_| {});
    let folder = gateway.folder.path().to_owned();
    let before = gateway.client(Some(old.client(&old)));
    let kept = before.channel().await.unwrap();

    let key = std::fs::read(folder.join("tls.key")).unwrap();
    std::fs::write(folder.join("tls.key"), &key[..key.len() / 2]).unwrap();
    // Each attempt is a handshake, at which the files are looked at.
    eventually("the broken key is noticed", async || {
        assert!(
            before.is_serving().await.unwrap(),
            "the last good files stay in use"
        );
        gateway.log_has("the TLS files changed and cannot be used")
    })
    .await;

    write_server(&folder, &new.server());
    std::fs::write(folder.join("ca.crt"), &new.pem).unwrap();
    let after = gateway.client(Some(new.client(&new)));
    eventually("the new files are used", async || {
        after.is_serving().await.unwrap_or(false)
    })
    .await;
    assert!(
        before.is_serving().await.is_err(),
        "the old CA's clients are refused"
    );

    let mut health = tonic_health::pb::health_client::HealthClient::new(kept);
    let asked = tonic_health::pb::HealthCheckRequest {
        service: String::new(),
    };
    assert!(health.check(asked).await.is_ok(), "connections of before live on");
    gateway.wait_for_log("the TLS files changed and are in use");
}
