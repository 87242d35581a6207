//! Command line, environment and file together.

use std::collections::HashMap;

use super::{ApiVersion, Generation, RestartPolicy, Settings};
use reference_base::program::Refused;

fn good() -> HashMap<&'static str, String> {
    [
        ("OPENSHELL_SSH_HANDSHAKE_SECRET", "a".repeat(64)),
        ("OPENSHELL_TLS_CERT", "/c".to_owned()),
        ("OPENSHELL_TLS_KEY", "/k".to_owned()),
        ("OPENSHELL_TLS_CLIENT_CA", "/ca".to_owned()),
        ("OPENSHELL_SANDBOX_IMAGE", "image".to_owned()),
    ]
    .into()
}

fn read(arguments: &[&str], environment: &HashMap<&str, String>) -> Result<Settings, Refused> {
    Settings::read(arguments, |name| environment.get(name).cloned())
}

#[test]
fn defaults_are_the_documented_ones() {
    let settings = read(&[], &good()).unwrap();
    assert_eq!(settings.port, 8080);
    assert_eq!(settings.database.to_str(), Some("/var/openshell/gateway.db"));
    assert_eq!(settings.generation, Generation::Both);
    assert!(settings.secret.is_some() && !settings.allow_unauthenticated);
    assert_eq!(
        (settings.sweep.interval.as_secs(), settings.sweep.age.as_secs()),
        (300, 300)
    );
    assert_eq!(settings.sandboxes.namespace, "openshell");
    assert_eq!(settings.sandboxes.restart_policy, RestartPolicy::Never);
    assert_eq!(settings.sandboxes.api_version, None);
    assert!(settings.tls.unwrap().client_ca.is_some());
}

#[test]
fn a_generation_brings_its_own_defaults() {
    let mut environment = good();
    environment.insert("OPENSHELL_GENERATION", "v0.0.22".to_owned());
    environment.insert("OPENSHELL_GRPC_ENDPOINT", "https://server".to_owned());
    let first = read(&[], &environment).unwrap().sandboxes;
    assert_eq!(first.restart_policy, RestartPolicy::Always);
    assert_eq!(first.api_version, Some(ApiVersion::V1Alpha1));
    assert_eq!(first.endpoint, None, "sandboxes of v0.0.22 do not dial in");
    environment.insert("OPENSHELL_GENERATION", "today".to_owned());
    environment.remove("OPENSHELL_SSH_HANDSHAKE_SECRET");
    let today = read(&[], &environment).unwrap();
    assert!(today.secret.is_none());
    assert_eq!(today.sandboxes.endpoint.as_deref(), Some("https://server"));
}

#[test]
fn the_environment_precedes_the_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = "[openshell.gateway]\nbind_address = \"0.0.0.0:9000\"\ndefault_image = \"of-file\"\nsandbox_namespace = \"n\"\n";
    std::fs::write(file.path(), text).unwrap();
    let settings = read(&["--config", file.path().to_str().unwrap()], &good()).unwrap();
    assert_eq!(settings.port, 9000);
    assert_eq!(
        (
            settings.sandboxes.image.as_str(),
            settings.sandboxes.namespace.as_str()
        ),
        ("image", "n")
    );
    let flags = ["--config", file.path().to_str().unwrap(), "--port", "1"];
    assert_eq!(read(&flags, &good()).unwrap().port, 1);
}

#[test]
fn tls_files_are_demanded_only_if_they_serve() {
    let mut environment = good();
    environment.remove("OPENSHELL_TLS_CLIENT_CA");
    assert_eq!(read(&[], &environment).unwrap_err().code, 78);
    environment.insert("OPENSHELL_DISABLE_GATEWAY_AUTH", "true".to_owned());
    assert!(read(&[], &environment).unwrap().tls.unwrap().client_ca.is_none());
    environment.remove("OPENSHELL_TLS_CERT");
    assert_eq!(read(&[], &environment).unwrap_err().code, 78);
    environment.insert("OPENSHELL_DISABLE_TLS", "true".to_owned());
    assert!(read(&[], &environment).unwrap().tls.is_none());
}

#[test]
fn each_wrong_value_names_its_variable() {
    for (name, value) in [
        ("OPENSHELL_SSH_HANDSHAKE_SECRET", String::new()),
        ("OPENSHELL_SSH_HANDSHAKE_SECRET", "A".repeat(64)),
        ("OPENSHELL_SSH_HANDSHAKE_SECRET", "a".repeat(63)),
        ("OPENSHELL_SANDBOX_IMAGE", String::new()),
        ("OPENSHELL_DISABLE_TLS", "yes".to_owned()),
        ("OPENSHELL_SSH_GATEWAY_PORT", "70000".to_owned()),
        ("OPENSHELL_HOST_GATEWAY_IP", "host".to_owned()),
        ("OPENSHELL_GENERATION", "v1".to_owned()),
        ("OPENSHELL_SANDBOX_RESTART_POLICY", "never".to_owned()),
        ("OPENSHELL_SANDBOX_API_VERSION", "v1".to_owned()),
        ("OPENSHELL_SWEEP_AGE_SECS", "0".to_owned()),
    ] {
        let mut environment = good();
        environment.insert(name, value);
        let refused = read(&[], &environment).unwrap_err();
        assert_eq!(refused.code, 78, "{}", refused.message);
        assert!(refused.message.contains(name), "{}", refused.message);
        assert!(!refused.message.contains("aaaa"), "the secret is shown");
    }
}

#[test]
fn wrong_flags_are_usage_errors_and_help_is_none() {
    for (arguments, code) in [
        (&["--unknown"][..], 2),
        (&["--port", "x"], 2),
        (&["--log-level", "loud"], 2),
        (&["--db-url", "postgres://x"], 2),
        (&["--db-url", "sqlite:"], 2),
        (&["--config", "/nowhere/gateway.toml"], 78),
        (&["--help"], 0),
    ] {
        assert_eq!(read(arguments, &good()).unwrap_err().code, code, "{arguments:?}");
    }
}
