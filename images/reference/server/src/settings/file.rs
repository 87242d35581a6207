//! The file `gateway.toml`: today's chart has the settings there. Each key stands for a variable of the environment.

use std::collections::HashMap;
use std::path::Path;

use reference_base::program::Refused;

const KEYS: [(&str, &str); 25] = [
    ("openshell.gateway.bind_address", "OPENSHELL_BIND_ADDRESS"),
    (
        "openshell.gateway.health_bind_address",
        "OPENSHELL_HEALTH_BIND_ADDRESS",
    ),
    (
        "openshell.gateway.metrics_bind_address",
        "OPENSHELL_METRICS_BIND_ADDRESS",
    ),
    ("openshell.gateway.log_level", "OPENSHELL_LOG_LEVEL"),
    (
        "openshell.gateway.sandbox_namespace",
        "OPENSHELL_SANDBOX_NAMESPACE",
    ),
    ("openshell.gateway.default_image", "OPENSHELL_SANDBOX_IMAGE"),
    ("openshell.gateway.host_gateway_ip", "OPENSHELL_HOST_GATEWAY_IP"),
    (
        "openshell.gateway.client_tls_secret_name",
        "OPENSHELL_CLIENT_TLS_SECRET_NAME",
    ),
    ("openshell.gateway.disable_tls", "OPENSHELL_DISABLE_TLS"),
    ("openshell.gateway.tls.cert_path", "OPENSHELL_TLS_CERT"),
    ("openshell.gateway.tls.key_path", "OPENSHELL_TLS_KEY"),
    ("openshell.gateway.tls.client_ca_path", "OPENSHELL_TLS_CLIENT_CA"),
    (
        "openshell.gateway.auth.allow_unauthenticated_users",
        "OPENSHELL_ALLOW_UNAUTHENTICATED_USERS",
    ),
    (
        "openshell.gateway.gateway_jwt.signing_key_path",
        "OPENSHELL_JWT_SIGNING_KEY",
    ),
    (
        "openshell.gateway.gateway_jwt.public_key_path",
        "OPENSHELL_JWT_PUBLIC_KEY",
    ),
    ("openshell.gateway.gateway_jwt.kid_path", "OPENSHELL_JWT_KID"),
    ("openshell.gateway.gateway_jwt.gateway_id", "OPENSHELL_GATEWAY_ID"),
    (
        "openshell.drivers.kubernetes.grpc_endpoint",
        "OPENSHELL_GRPC_ENDPOINT",
    ),
    ("openshell.reference.generation", "OPENSHELL_GENERATION"),
    (
        "openshell.reference.sandbox_restart_policy",
        "OPENSHELL_SANDBOX_RESTART_POLICY",
    ),
    (
        "openshell.reference.sandbox_api_version",
        "OPENSHELL_SANDBOX_API_VERSION",
    ),
    (
        "openshell.reference.sweep_interval_secs",
        "OPENSHELL_SWEEP_INTERVAL_SECS",
    ),
    ("openshell.reference.sweep_age_secs", "OPENSHELL_SWEEP_AGE_SECS"),
    (
        "openshell.reference.ssh_gateway_host",
        "OPENSHELL_SSH_GATEWAY_HOST",
    ),
    (
        "openshell.reference.ssh_gateway_port",
        "OPENSHELL_SSH_GATEWAY_PORT",
    ),
];

/// The file's settings by the names that they have in the environment. A key that is not known is refused: it would be a setting that
/// somebody believes in.
pub fn read(path: &Path) -> Result<HashMap<&'static str, String>, Refused> {
    let wrong = |what: &dyn std::fmt::Display| Refused::configuration(format!("{}: {what}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
    let table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| wrong(&error.message()))?;
    let mut found = HashMap::new();
    let mut open = vec![(String::new(), toml::Value::Table(table))];
    while let Some((name, value)) = open.pop() {
        if let toml::Value::Table(table) = value {
            let below = |key: String| {
                if name.is_empty() {
                    key
                } else {
                    format!("{name}.{key}")
                }
            };
            open.extend(table.into_iter().map(|(key, value)| (below(key), value)));
        } else if let Some((_, variable)) = KEYS.iter().find(|(key, _)| *key == name) {
            let text = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Boolean(truth) => truth.to_string(),
                _ => return Err(wrong(&format!("{name} is not a text, a number, true or false"))),
            };
            found.insert(*variable, text);
        } else if name != "openshell.version" {
            return Err(wrong(&format!("there is no setting {name}")));
        }
    }
    found.retain(|_, value| !value.is_empty());
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{KEYS, read};

    fn written(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn keys_become_variables() {
        let file = written(
            "[openshell]\nversion = 1\n[openshell.gateway]\nbind_address = \"0.0.0.0:8080\"\ndisable_tls = true\nlog_level = \"\"\n\
             [openshell.reference]\nsweep_age_secs = 2\n",
        );
        let found = read(file.path()).unwrap();
        assert_eq!(found["OPENSHELL_BIND_ADDRESS"], "0.0.0.0:8080");
        assert_eq!(found["OPENSHELL_DISABLE_TLS"], "true");
        assert_eq!(found["OPENSHELL_SWEEP_AGE_SECS"], "2");
        assert_eq!(found.len(), 3, "{found:?}");
    }

    #[test]
    fn an_unknown_key_is_named() {
        for text in [
            "[openshell.gateway]\nlog_levle = \"info\"",
            "[openshell.gateway]\nlog_level = ",
        ] {
            let file = written(text);
            let refused = read(file.path()).unwrap_err();
            assert_eq!(refused.code, 78);
            assert!(
                refused.message.starts_with(file.path().to_str().unwrap()),
                "{}",
                refused.message
            );
        }
        assert!(
            read(written("[a]\nb = 1").path())
                .unwrap_err()
                .message
                .contains("a.b")
        );
        assert_eq!(read("/nowhere/gateway.toml".as_ref()).unwrap_err().code, 78);
    }

    #[test]
    fn no_variable_has_two_keys() {
        let mut variables: Vec<_> = KEYS.iter().map(|(_, variable)| variable).collect();
        variables.sort_unstable();
        variables.dedup();
        assert_eq!(variables.len(), KEYS.len());
    }
}
