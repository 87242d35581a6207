//! What the server was asked to do: its command line and its environment.
//!
//! | variable | meaning |
//! | --- | --- |
//! | `OPENSHELL_SSH_HANDSHAKE_SECRET` | required: 64 lower-case hex characters |
//! | `OPENSHELL_TLS_CERT`, `OPENSHELL_TLS_KEY`, `OPENSHELL_TLS_CLIENT_CA` | PEM files; required while TLS is on, the last one while clients must have certificates |
//! | `OPENSHELL_DISABLE_TLS`, `OPENSHELL_DISABLE_GATEWAY_AUTH` | `true` or `false` (default) |
//! | `OPENSHELL_SANDBOX_IMAGE` | required: the image of sandboxes |
//! | `OPENSHELL_SANDBOX_NAMESPACE` | the namespace of sandboxes (default `openshell`) |
//! | `OPENSHELL_SSH_GATEWAY_HOST`, `OPENSHELL_SSH_GATEWAY_PORT` | told to clients that make a sandbox |
//! | `OPENSHELL_HOST_GATEWAY_IP` | the address of the host's names in sandboxes |
//!
//! `OPENSHELL_CLIENT_TLS_SECRET_NAME` and `OPENSHELL_GRPC_ENDPOINT` are for servers whose sandboxes call back; these do
//! not.

use std::net::IpAddr;
use std::path::PathBuf;

use argh::FromArgs;
use gateway_names::{HANDSHAKE_VARIABLE, NAMESPACE, is_handshake_secret};
use nssh1::Secret;

use crate::log::Level;

/// The reference gateway server. Settings come from the environment; see the chart in helm/openshell.
#[derive(FromArgs)]
struct Flags {
    /// port to listen on (default 8080)
    #[argh(option, default = "8080")]
    port: u16,
    /// port for health in plain HTTP, /healthz and /readyz (default none)
    #[argh(option)]
    health_port: Option<u16>,
    /// error, warn, info or debug (default info)
    #[argh(option, default = "Level::Info")]
    log_level: Level,
    /// where state is kept (default sqlite:/var/openshell/gateway.db)
    #[argh(option, default = "String::from(\"sqlite:/var/openshell/gateway.db\")")]
    db_url: String,
}

/// Checked settings.
#[derive(Debug)]
pub struct Settings {
    /// TCP port to listen on; 0 lets the system choose.
    pub port: u16,
    /// TCP port for health alone.
    pub health_port: Option<u16>,
    /// How much is logged.
    pub log_level: Level,
    /// The `SQLite` file.
    pub database: PathBuf,
    /// The handshake secret.
    pub secret: Secret,
    /// The TLS files; `None` where TLS is off.
    pub tls: Option<TlsFiles>,
    /// What is known about sandboxes.
    pub sandboxes: SandboxSettings,
}

/// Where the TLS material is. The files may be replaced while the server runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate chain, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// The CA that client certificates chain to, PEM; `None` where clients need none.
    pub client_ca: Option<PathBuf>,
}

/// Settings of sandboxes.
#[derive(Clone, Debug)]
pub struct SandboxSettings {
    /// Their namespace.
    pub namespace: String,
    /// Their image.
    pub image: String,
    /// Told to clients: where they reach `CONNECT /connect/ssh`. Empty: where they reached the gateway.
    pub ssh_gateway_host: String,
    /// Its port; 0: the port of the gateway.
    pub ssh_gateway_port: u16,
    /// The address of the host's names in a sandbox.
    pub host_gateway_ip: Option<IpAddr>,
}

/// Why the server ends before it served.
#[derive(Debug)]
pub struct Refused {
    /// What to tell, help included.
    pub message: String,
    /// The exit code.
    pub code: u8,
}

impl Refused {
    /// The configuration is wrong.
    pub fn configuration(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: 78,
        }
    }
}

impl Settings {
    /// Reads the process's command line and environment.
    pub fn from_process() -> Result<Self, Refused> {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Self::read(&arguments, |name| std::env::var(name).ok())
    }

    fn read(arguments: &[&str], variable: impl Fn(&str) -> Option<String>) -> Result<Self, Refused> {
        let flags = Flags::from_args(&["openshell-gateway"], arguments).map_err(|exit| Refused {
            message: exit.output.trim_end().to_owned(),
            code: if exit.status.is_ok() { 0 } else { 2 },
        })?;
        let database = flags
            .db_url
            .strip_prefix("sqlite:")
            .filter(|path| !path.is_empty())
            .ok_or_else(|| Refused {
                message: format!("--db-url {}: only sqlite:PATH is served", flags.db_url),
                code: 2,
            })?;
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let required =
            |name: &str| variable(name).ok_or_else(|| Refused::configuration(format!("{name} is not set")));
        Ok(Self {
            port: flags.port,
            health_port: flags.health_port,
            log_level: flags.log_level,
            database: PathBuf::from(database),
            secret: handshake_secret(variable(HANDSHAKE_VARIABLE))?,
            tls: tls_files(&variable, &required)?,
            sandboxes: SandboxSettings {
                namespace: variable("OPENSHELL_SANDBOX_NAMESPACE").unwrap_or_else(|| NAMESPACE.to_owned()),
                image: required("OPENSHELL_SANDBOX_IMAGE")?,
                ssh_gateway_host: variable("OPENSHELL_SSH_GATEWAY_HOST").unwrap_or_default(),
                ssh_gateway_port: parsed(&variable, "OPENSHELL_SSH_GATEWAY_PORT", "a port")?.unwrap_or(0),
                host_gateway_ip: parsed(&variable, "OPENSHELL_HOST_GATEWAY_IP", "an IP address")?,
            },
        })
    }
}

fn handshake_secret(value: Option<String>) -> Result<Secret, Refused> {
    let refused = |what: &str| {
        Refused::configuration(format!(
            "{HANDSHAKE_VARIABLE} {what}: sandboxes would refuse every connection; make Secret {} with gw-sshsecret reconcile",
            gateway_names::HANDSHAKE_SECRET
        ))
    };
    let secret = Secret::new(value.unwrap_or_default()).map_err(|_| refused("is empty or not set"))?;
    if is_handshake_secret(secret.expose().as_bytes()) {
        Ok(secret)
    } else {
        Err(refused("is not 64 lower-case hex characters"))
    }
}

fn tls_files(
    variable: &impl Fn(&str) -> Option<String>,
    required: &impl Fn(&str) -> Result<String, Refused>,
) -> Result<Option<TlsFiles>, Refused> {
    let demand_clients =
        !parsed(variable, "OPENSHELL_DISABLE_GATEWAY_AUTH", "true or false")?.unwrap_or(false);
    if parsed(variable, "OPENSHELL_DISABLE_TLS", "true or false")?.unwrap_or(false) {
        return Ok(None);
    }
    let client_ca = demand_clients
        .then(|| required("OPENSHELL_TLS_CLIENT_CA"))
        .transpose()?;
    Ok(Some(TlsFiles {
        certificate: required("OPENSHELL_TLS_CERT")?.into(),
        key: required("OPENSHELL_TLS_KEY")?.into(),
        client_ca: client_ca.map(PathBuf::from),
    }))
}

fn parsed<T: std::str::FromStr>(
    variable: &impl Fn(&str) -> Option<String>,
    name: &str,
    expected: &str,
) -> Result<Option<T>, Refused> {
    let wrong = |value: &str| Refused::configuration(format!("{name}={value}: {expected} is expected"));
    variable(name)
        .map(|value| value.parse().map_err(|_| wrong(&value)))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::{Refused, Settings};
    use std::collections::HashMap;

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
        assert_eq!(settings.sandboxes.namespace, "openshell");
        assert!(settings.tls.unwrap().client_ca.is_some());
    }

    #[test]
    fn tls_files_are_demanded_only_where_they_serve() {
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
            (&["--help"], 0),
        ] {
            assert_eq!(read(arguments, &good()).unwrap_err().code, code, "{arguments:?}");
        }
    }
}
