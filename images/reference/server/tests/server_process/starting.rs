//! How the server starts and stops.

use crate::authority::Authority;
use crate::process::{Gateway, command, write_server};

fn refused(change: impl FnOnce(&mut std::process::Command)) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    write_server(folder.path(), &authority.server());
    std::fs::write(folder.path().join("ca.crt"), &authority.pem).unwrap();
    let mut command = command(folder.path(), None);
    change(&mut command);
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn refuses_to_start_without_a_handshake_secret() {
    for value in ["", "short", &"A".repeat(64), &"g".repeat(64)] {
        let (code, message) = refused(|command| {
            command.env("OPENSHELL_SSH_HANDSHAKE_SECRET", value);
        });
        assert_eq!(code, Some(78), "{message}");
        assert!(message.contains("OPENSHELL_SSH_HANDSHAKE_SECRET"), "{message}");
    }
    let (code, message) = refused(|command| {
        command.env_remove("OPENSHELL_SSH_HANDSHAKE_SECRET");
    });
    assert_eq!(code, Some(78), "{message}");
    assert!(
        message.contains("gw-sshsecret"),
        "the next command is named: {message}"
    );
}

#[test]
fn refuses_to_start_with_files_that_it_cannot_use() {
    let (code, message) = refused(|command| {
        command.env("OPENSHELL_TLS_CERT", "/nowhere/tls.crt");
    });
    assert_eq!(code, Some(78));
    assert!(message.contains("/nowhere/tls.crt"), "{message}");
    let (code, message) = refused(|command| {
        command.env("KUBECONFIG", "/nowhere/kubeconfig");
    });
    assert_eq!(code, Some(78));
    assert!(message.contains("KUBECONFIG"), "{message}");
    let (code, message) = refused(|command| {
        let kubeconfig = command
            .get_envs()
            .find_map(|(name, value)| value.filter(|_| name == "KUBECONFIG"));
        let folder = std::path::Path::new(kubeconfig.unwrap()).parent().unwrap();
        std::fs::create_dir(folder.join("gateway.db")).unwrap();
    });
    assert_eq!(code, Some(1));
    assert!(message.contains("gateway.db"), "{message}");
}

#[tokio::test]
async fn serves_without_tls_and_stops_on_sigterm() {
    let mut gateway = Gateway::plain(None);
    let client = gateway.client(None);
    assert!(client.is_serving().await.unwrap());
    let _open = client.channel().await.unwrap();
    assert_eq!(gateway.terminate(), Some(0));
    assert!(client.is_serving().await.is_err());
}

#[tokio::test]
async fn tells_that_kubernetes_does_not_answer() {
    let gateway = Gateway::plain(None);
    let mut sandboxes = gateway.client(None).sandboxes().await.unwrap();
    let status = sandboxes
        .list(reference_gateway::api::ListRequest {})
        .await
        .unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unavailable, "{status}");
}
