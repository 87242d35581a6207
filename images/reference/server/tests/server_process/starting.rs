//! How the server starts and stops.

use played_kubernetes::Kubernetes;
use reference_base::client::GatewayClient;

use crate::authority::Authority;
use crate::process::{Server, command, write_server};

/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:9";

fn refused_at(kubernetes: &str, change: impl FnOnce(&mut std::process::Command)) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    write_server(folder.path(), &authority.server());
    std::fs::write(folder.path().join("ca.crt"), &authority.pem).unwrap();
    let mut command = command(folder.path(), kubernetes, "0");
    change(&mut command);
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

fn refused(change: impl FnOnce(&mut std::process::Command)) -> (Option<i32>, String) {
    refused_at(NOBODY, change)
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

#[tokio::test(flavor = "multi_thread")]
async fn refuses_to_start_with_files_that_it_cannot_use() {
    for (name, file) in [
        ("OPENSHELL_TLS_CERT", "/nowhere/tls.crt"),
        ("OPENSHELL_JWT_SIGNING_KEY", "/nowhere/signing.pem"),
    ] {
        let (code, message) = refused(|command| {
            command.env(name, file);
        });
        assert_eq!(code, Some(78));
        assert!(message.contains(file), "{message}");
    }
    let (code, message) = refused(|command| {
        command.env("KUBECONFIG", "/nowhere/kubeconfig");
    });
    assert_eq!(code, Some(78));
    assert!(message.contains("KUBECONFIG"), "{message}");
    let kubernetes = Kubernetes::start().await;
    let (code, message) = refused_at(&kubernetes.url, |command| {
        let kubeconfig = command
            .get_envs()
            .find_map(|(name, value)| value.filter(|_| name == "KUBECONFIG"));
        let folder = std::path::Path::new(kubeconfig.unwrap()).parent().unwrap();
        std::fs::create_dir(folder.join("gateway.db")).unwrap();
    });
    assert_eq!(code, Some(1));
    assert!(message.contains("gateway.db"), "{message}");
}

#[test]
fn ends_if_kubernetes_cannot_be_reached_at_the_start() {
    let (code, message) = refused(|_| {});
    assert_eq!(code, Some(1));
    assert!(message.contains("Kubernetes cannot be reached"), "{message}");
}

#[tokio::test]
async fn serves_without_tls_and_stops_on_sigterm() {
    let mut server = Server::plain(|_| {}).await;
    let client = server.client(None);
    assert!(client.is_serving().await.unwrap());
    let _open = client.channel().await.unwrap();
    assert_eq!(server.terminate(), Some(0));
    assert!(client.is_serving().await.is_err());
}

#[tokio::test]
async fn tells_that_kubernetes_does_not_answer_any_more() {
    let server = Server::plain(|_| {}).await;
    server.kubernetes.stop();
    let client = server.client(None);
    let error = client.make_sandbox("box").await.unwrap_err();
    let status = error.downcast_ref::<tonic::Status>().expect("an answer");
    assert_eq!(status.code(), tonic::Code::Unavailable, "{status}");
    assert!(client.is_serving().await.unwrap(), "it serves on");
}

#[tokio::test]
async fn does_not_implement_the_health_service_of_grpc() {
    let server = Server::plain(|_| {}).await;
    let channel = server.client(None).channel().await.unwrap();
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel);
    let asked = tonic_health::pb::HealthCheckRequest::default();
    let status = health.check(asked).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unimplemented);
}

async fn code_of_list(client: &GatewayClient, credentials: Option<&str>) -> (tonic::Code, String) {
    let mut request = tonic::Request::new(reference_base::api::ListSandboxesRequest::default());
    if let Some(credentials) = credentials {
        request
            .metadata_mut()
            .insert("authorization", credentials.parse().unwrap());
    }
    let asked = client.open_shell().await.unwrap().list_sandboxes(request).await;
    let status = asked.err().unwrap_or_else(|| tonic::Status::ok(""));
    (status.code(), status.message().to_owned())
}

#[tokio::test]
async fn refuses_users_without_credentials_unless_they_are_allowed() {
    let server = Server::plain(|command| {
        command.env_remove("OPENSHELL_ALLOW_UNAUTHENTICATED_USERS");
    })
    .await;
    let client = server.client(None);
    assert!(client.is_serving().await.unwrap(), "health is open to all");
    let missing = "missing authorization header".to_owned();
    assert_eq!(
        code_of_list(&client, None).await,
        (tonic::Code::Unauthenticated, missing)
    );
    let (code, _) = code_of_list(&client, Some("Bearer token")).await;
    assert_eq!(code, tonic::Code::Unauthenticated);
    let open = Server::plain(|_| {}).await;
    assert_eq!(code_of_list(&open.client(None), None).await.0, tonic::Code::Ok);
}

#[tokio::test]
async fn takes_its_settings_from_a_file() {
    let server = Server::plain(|command| {
        let folder = command.get_envs().find_map(|(name, value)| value.filter(|_| name == "OPENSHELL_TLS_CERT"));
        let folder = std::path::Path::new(folder.unwrap()).parent().unwrap().to_owned();
        for file in ["signing.pem", "public.pem", "kid"] {
            std::fs::write(folder.join(file), "content").unwrap();
        }
        let path = |file: &str| folder.join(file).display().to_string();
        let text = format!(
            "[openshell.gateway]\ndefault_image = \"of-file\"\n[openshell.gateway.gateway_jwt]\nsigning_key_path = \"{}\"\n\
             public_key_path = \"{}\"\nkid_path = \"{}\"\n[openshell.reference]\ngeneration = \"today\"\n",
            path("signing.pem"),
            path("public.pem"),
            path("kid")
        );
        std::fs::write(folder.join("gateway.toml"), text).unwrap();
        command
            .env_remove("OPENSHELL_SSH_HANDSHAKE_SECRET")
            .env_remove("OPENSHELL_SANDBOX_IMAGE")
            .arg("--config")
            .arg(folder.join("gateway.toml"));
    })
    .await;
    server.client(None).make_sandbox("box").await.unwrap();
    let object = server.kubernetes.sandbox("default--box").expect("today's name");
    let container = &object["spec"]["podTemplate"]["spec"]["containers"][0];
    assert_eq!(container["image"], "of-file");
    let denied = server
        .client(None)
        .open_tunnel("id", "token")
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(denied.starts_with("404"), "{denied}");
}

#[tokio::test]
async fn the_server_of_v0_0_22_has_nothing_of_today() {
    let server = Server::plain(|command| {
        command.env("OPENSHELL_GENERATION", "v0.0.22");
    })
    .await;
    let client = server.client(None);
    client.make_reachable("box").await.unwrap();
    let object = server.kubernetes.sandbox("box").expect("its object");
    assert_eq!(object["apiVersion"], "agents.x-k8s.io/v1alpha1");
    assert_eq!(object["spec"]["podTemplate"]["spec"]["restartPolicy"], "Always");
    let error = client.exec("box", &["true"]).await.unwrap_err();
    let status = error.downcast_ref::<tonic::Status>().expect("an answer");
    assert_eq!(status.code(), tonic::Code::Unimplemented, "{status}");
}
