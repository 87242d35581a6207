//! mTLS, and what happens when its files change.

use crate::authority::Authority;
use crate::process::{Server, eventually, write_server};
use reference_base::client::ClientTls;

#[tokio::test]
async fn demands_a_certificate_of_its_ca() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let server = Server::with_tls(&ours, |_| {}).await;
    assert!(
        server
            .client(Some(ours.client(&ours)))
            .is_serving()
            .await
            .unwrap()
    );
    assert!(
        server
            .client(Some(theirs.client(&ours)))
            .is_serving()
            .await
            .is_err(),
        "another CA's client"
    );
    assert!(
        server
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
        server.client(Some(nameless)).is_serving().await.is_err(),
        "no certificate"
    );
    assert!(server.client(None).is_serving().await.is_err(), "no TLS");
}

#[tokio::test]
async fn demands_no_certificate_where_that_is_switched_off() {
    let ours = Authority::new();
    let server = Server::with_tls(&ours, |command| {
        command
            .env("OPENSHELL_DISABLE_GATEWAY_AUTH", "true")
            .env_remove("OPENSHELL_TLS_CLIENT_CA");
    })
    .await;
    let nameless = ClientTls {
        identity: None,
        ..ours.client(&ours)
    };
    assert!(server.client(Some(nameless)).is_serving().await.unwrap());
}

#[tokio::test]
async fn tunnels_need_a_certificate_and_a_token() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let server = Server::with_tls(&ours, |_| {}).await;
    let known = server.client(Some(ours.client(&ours)));
    let denied = known.open_tunnel("id", "").await.err().unwrap().to_string();
    assert!(denied.starts_with("401"), "{denied}");
    let stranger = server.client(Some(theirs.client(&ours)));
    let failed = stranger.open_tunnel("id", "").await.err().unwrap().to_string();
    assert!(!failed.starts_with("401"), "{failed}");
}

#[tokio::test]
async fn new_files_are_used_without_a_restart_and_broken_ones_are_not() {
    let (old, new) = (Authority::new(), Authority::new());
    let mut server = Server::with_tls(&old, |_| {}).await;
    let folder = server.folder.path().to_owned();
    let before = server.client(Some(old.client(&old)));
    let kept = before.channel().await.unwrap();

    let key = std::fs::read(folder.join("tls.key")).unwrap();
    std::fs::write(folder.join("tls.key"), &key[..key.len() / 2]).unwrap();
    // Each attempt is a handshake, at which the files are looked at.
    eventually("the broken key is noticed", async || {
        assert!(
            before.is_serving().await.unwrap(),
            "the last good files stay in use"
        );
        server.log_has("the TLS files changed and cannot be used")
    })
    .await;

    write_server(&folder, &new.server());
    std::fs::write(folder.join("ca.crt"), &new.pem).unwrap();
    let after = server.client(Some(new.client(&new)));
    eventually("the new files are used", async || {
        after.is_serving().await.unwrap_or(false)
    })
    .await;
    assert!(
        before.is_serving().await.is_err(),
        "the old CA's clients are refused"
    );

    let mut kept = reference_base::api::open_shell_client::OpenShellClient::new(kept);
    let asked = reference_base::api::HealthRequest {};
    assert!(kept.health(asked).await.is_ok(), "connections of before live on");
    server.wait_for_log("the TLS files changed and are in use").await;
}
