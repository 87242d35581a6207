//! The cluster image from a registry that asks for a password.

use std::net::Ipv4Addr;

use image_registry::{ImageRegistry, PASSWORD, USER};

use played_gateway::{PlayedGateway, actions, docker, skipped};

/// An image of a registry, gone from Docker when this is dropped.
struct Pulled(String);

impl Drop for Pulled {
    fn drop(&mut self) {
        let _ = std::process::Command::new("docker")
            .args(["rmi", "--force", &self.0])
            .output();
    }
}

#[test]
fn an_image_is_pulled_with_its_credentials_which_are_shown_nowhere() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let registry = ImageRegistry::at(Ipv4Addr::LOCALHOST.into());
    let name = format!("openshell-{}/cluster:1", gateway.name);
    registry.push(&gateway.image, &name);
    let image = Pulled(format!("127.0.0.1:{}/{name}", registry.port()));
    let (port, file) = (gateway.port.to_string(), registry.password_file());
    let wanted = [
        "ensure",
        "--image",
        &image.0,
        "--port",
        &port,
        "--registry-username",
        USER,
        "--registry-password-file",
        &file,
    ];
    let made = gateway.done(&wanted);
    assert_eq!(actions(&made)[0], format!("pull image {}", image.0));
    let again = gateway.done(&wanted);
    assert_eq!(again.document["changed"], false, "{}", again.stdout);
    let always = gateway.done(&[&wanted[..], &["--pull", "always"]].concat());
    assert_eq!(
        always.document["changed"], false,
        "it is the same image: {}",
        always.stdout
    );
    for shown in [
        &made.stdout,
        &made.stderr,
        &always.stdout,
        &docker(&["inspect", &gateway.resource()]),
        &docker(&["volume", "inspect", &gateway.resource()]),
        &docker(&["history", "--no-trunc", &image.0]),
    ] {
        assert!(!shown.contains(PASSWORD), "{shown}");
    }
    // Kept, and used again without being named, once the image is gone: the volume remembers which one.
    gateway.done(&["remove"]);
    docker(&["rmi", "--force", &image.0]);
    let resumed = gateway.done(&["ensure"]);
    assert!(actions(&resumed).contains(&format!("pull image {}", image.0)));
}

#[test]
fn what_cannot_be_pulled_is_told_apart_before_anything_is_made() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let mut registry = ImageRegistry::at(Ipv4Addr::LOCALHOST.into());
    let name = format!("openshell-{}/cluster:1", gateway.name);
    registry.push(&gateway.image, &name);
    let at = |name: &str| format!("127.0.0.1:{}/{name}", registry.port());
    let (there, absent) = (at(&name), at("no/such:1"));
    let wrong = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(wrong.path(), "geheim-wrong").expect("room");
    let (right, wrong) = (registry.password_file(), wrong.path().display().to_string());
    let refused = |image: &str, password: &str, reason: &str, words: &str| {
        let refused = gateway.run(&[
            "ensure",
            "--image",
            image,
            "--registry-username",
            USER,
            "--registry-password-file",
            password,
        ]);
        assert_eq!(
            (refused.code, refused.reason()),
            (1, reason),
            "{}",
            refused.stderr
        );
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
        assert!(!refused.stderr.contains("geheim") && !refused.stdout.contains("geheim"));
        assert_eq!(gateway.left(), Vec::<String>::new());
    };
    refused(&absent, &right, "image_missing", &absent);
    refused(&there, &wrong, "image_pull_failed", "--registry-username");
    registry.end();
    refused(&there, &right, "image_pull_failed", "refused");
}
