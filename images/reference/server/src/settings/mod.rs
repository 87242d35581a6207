//! What the server was asked to do: its command line, its environment and its file.
//!
//! A setting that the file (`--config gateway.toml`) has, too, is taken from the environment first; [`file`] has its names there.
//!
//! | variable | meaning |
//! | --- | --- |
//! | `OPENSHELL_GENERATION` | `both` (default), `v0.0.22` or `today`: which servers it stands for |
//! | `OPENSHELL_SSH_HANDSHAKE_SECRET` | 64 lower-case hex characters; required except for `today` |
//! | `OPENSHELL_TLS_CERT`, `OPENSHELL_TLS_KEY`, `OPENSHELL_TLS_CLIENT_CA` | PEM files; required while TLS is on, the last one while clients must have certificates |
//! | `OPENSHELL_DISABLE_TLS`, `OPENSHELL_DISABLE_GATEWAY_AUTH` | `true` or `false` (default) |
//! | `OPENSHELL_ALLOW_UNAUTHENTICATED_USERS` | `true` or `false` (default): calls of users without credentials |
//! | `OPENSHELL_JWT_SIGNING_KEY`, `OPENSHELL_JWT_PUBLIC_KEY`, `OPENSHELL_JWT_KID` | files that must be there |
//! | `OPENSHELL_SANDBOX_IMAGE` | required: the image of sandboxes |
//! | `OPENSHELL_SANDBOX_NAMESPACE` | the namespace of sandboxes (default `openshell`) |
//! | `OPENSHELL_SANDBOX_RESTART_POLICY` | `Never` (default) or `Always` (default of `v0.0.22`) |
//! | `OPENSHELL_SANDBOX_API_VERSION` | `v1beta1` or `v1alpha1`; by default `v1alpha1` for `v0.0.22`, else what Kubernetes serves |
//! | `OPENSHELL_GATEWAY_ID` | label of sandboxes (default `openshell`) |
//! | `OPENSHELL_GRPC_ENDPOINT`, `OPENSHELL_CLIENT_TLS_SECRET_NAME` | how sandboxes dial in; without the first they do not |
//! | `OPENSHELL_SWEEP_INTERVAL_SECS`, `OPENSHELL_SWEEP_AGE_SECS` | when records without an object are removed (300, 300) |
//! | `OPENSHELL_SSH_GATEWAY_HOST`, `OPENSHELL_SSH_GATEWAY_PORT` | told to clients that open an SSH session |
//! | `OPENSHELL_HOST_GATEWAY_IP` | the address of the host's names in sandboxes |

mod file;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use argh::FromArgs;
use gateway_names::{HANDSHAKE_VARIABLE, NAMESPACE, is_handshake_secret};
use nssh1::Secret;
use reference_base::log::Level;
use reference_base::program::Refused;

/// The reference server. Settings come from the environment or from a file; see the chart in helm/openshell.
#[derive(FromArgs)]
struct Flags {
    /// TOML file with settings (default none)
    #[argh(option)]
    config: Option<PathBuf>,
    /// port to listen on (default 8080)
    #[argh(option)]
    port: Option<u16>,
    /// port for health in plain HTTP, /healthz and /readyz (default none)
    #[argh(option)]
    health_port: Option<u16>,
    /// error, warn, info or debug (default info)
    #[argh(option)]
    log_level: Option<Level>,
    /// where state is kept (default sqlite:/var/openshell/gateway.db)
    #[argh(option, default = "String::from(\"sqlite:/var/openshell/gateway.db\")")]
    db_url: String,
}

/// Which servers it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// All that tools keep, at once.
    Both,
    /// The server of v0.0.22.
    First,
    /// Today's server.
    Today,
}

/// Whether the kubelet starts a sandbox's container again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestartPolicy {
    /// Not after it ended.
    Never,
    /// Whenever it ended.
    Always,
}

/// An API version of sandboxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiVersion {
    /// Suspends by `replicas`.
    V1Alpha1,
    /// Suspends by `operatingMode`.
    V1Beta1,
}

/// Checked settings.
#[derive(Debug)]
pub struct Settings {
    /// TCP port to listen on; 0 lets the system choose.
    pub port: u16,
    /// TCP port for health alone.
    pub health_port: Option<u16>,
    /// TCP port for metrics alone.
    pub metrics_port: Option<u16>,
    /// How much is logged.
    pub log_level: Level,
    /// The `SQLite` file.
    pub database: PathBuf,
    /// Which servers it stands for.
    pub generation: Generation,
    /// The handshake secret; `None` for today's server.
    pub secret: Option<Secret>,
    /// The TLS files; `None` if TLS is off.
    pub tls: Option<TlsFiles>,
    /// Files that a server with JWT keys cannot start without.
    pub jwt_keys: Vec<PathBuf>,
    /// Users need no credentials.
    pub allow_unauthenticated: bool,
    /// When records without an object are removed.
    pub sweep: Sweep,
    /// What is known about sandboxes.
    pub sandboxes: SandboxSettings,
}

/// When records without an object are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// Between two sweeps.
    pub interval: Duration,
    /// How old a record must be.
    pub age: Duration,
}

/// Where the TLS material is. The files may be replaced while the server runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate chain, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// The CA that client certificates chain to, PEM; `None` if clients need none.
    pub client_ca: Option<PathBuf>,
}

/// Settings of sandboxes.
#[derive(Clone, Debug)]
pub struct SandboxSettings {
    /// Their namespace.
    pub namespace: String,
    /// Their image.
    pub image: String,
    /// Which servers make such sandboxes.
    pub generation: Generation,
    /// Whether the kubelet starts their container again.
    pub restart_policy: RestartPolicy,
    /// The API version of their objects; `None`: what Kubernetes serves.
    pub api_version: Option<ApiVersion>,
    /// Label of everything of this gateway.
    pub gateway_id: String,
    /// Where they dial in; `None` if they do not.
    pub endpoint: Option<String>,
    /// The Secret with what they show there.
    pub client_tls_secret: Option<String>,
    /// Told to clients: where they reach `CONNECT /connect/ssh`. Empty: where they reached the server.
    pub ssh_gateway_host: String,
    /// Its port; 0: the port of the server.
    pub ssh_gateway_port: u16,
    /// The address of the host's names in a sandbox.
    pub host_gateway_ip: Option<IpAddr>,
}

impl Settings {
    /// Reads command line, environment and file.
    pub fn read(arguments: &[&str], environment: impl Fn(&str) -> Option<String>) -> Result<Self, Refused> {
        let flags =
            Flags::from_args(&["reference-server"], arguments).map_err(|exit| Refused::usage(&exit))?;
        let database = flags
            .db_url
            .strip_prefix("sqlite:")
            .filter(|path| !path.is_empty());
        let database = database.ok_or_else(|| Refused {
            message: format!("--db-url {}: only sqlite:PATH is served", flags.db_url),
            code: 2,
        })?;
        let from_file = flags
            .config
            .as_deref()
            .map(file::read)
            .transpose()?
            .unwrap_or_default();
        let variable = |name: &str| {
            let value = environment(name).filter(|value| !value.is_empty());
            value.or_else(|| from_file.get(name).cloned())
        };
        let port_of =
            |name| Ok(parsed::<SocketAddr>(&variable, name, "ADDRESS:PORT")?.map(|address| address.port()));
        let generation = generation(&variable)?;
        let jwt = [
            "OPENSHELL_JWT_SIGNING_KEY",
            "OPENSHELL_JWT_PUBLIC_KEY",
            "OPENSHELL_JWT_KID",
        ];
        Ok(Self {
            port: flags.port.or(port_of("OPENSHELL_BIND_ADDRESS")?).unwrap_or(8080),
            health_port: flags.health_port.or(port_of("OPENSHELL_HEALTH_BIND_ADDRESS")?),
            metrics_port: port_of("OPENSHELL_METRICS_BIND_ADDRESS")?,
            log_level: flags
                .log_level
                .or(parsed(
                    &variable,
                    "OPENSHELL_LOG_LEVEL",
                    "error, warn, info or debug",
                )?)
                .unwrap_or(Level::Info),
            database: PathBuf::from(database),
            generation,
            secret: match generation {
                Generation::Today => None,
                Generation::Both | Generation::First => Some(handshake_secret(variable(HANDSHAKE_VARIABLE))?),
            },
            tls: tls_files(&variable)?,
            jwt_keys: jwt
                .iter()
                .filter_map(|name| variable(name))
                .map(PathBuf::from)
                .collect(),
            allow_unauthenticated: truth(&variable, "OPENSHELL_ALLOW_UNAUTHENTICATED_USERS")?,
            sweep: Sweep {
                interval: seconds(&variable, "OPENSHELL_SWEEP_INTERVAL_SECS")?,
                age: seconds(&variable, "OPENSHELL_SWEEP_AGE_SECS")?,
            },
            sandboxes: sandboxes(&variable, generation)?,
        })
    }
}

fn sandboxes(
    variable: &impl Fn(&str) -> Option<String>,
    generation: Generation,
) -> Result<SandboxSettings, Refused> {
    let is_first = generation == Generation::First;
    let restart_policy = chosen(
        variable,
        "OPENSHELL_SANDBOX_RESTART_POLICY",
        &[("Never", RestartPolicy::Never), ("Always", RestartPolicy::Always)],
    )?;
    let api_version = chosen(
        variable,
        "OPENSHELL_SANDBOX_API_VERSION",
        &[
            ("v1beta1", ApiVersion::V1Beta1),
            ("v1alpha1", ApiVersion::V1Alpha1),
        ],
    )?;
    let (usual_policy, usual_version) = if is_first {
        (RestartPolicy::Always, Some(ApiVersion::V1Alpha1))
    } else {
        (RestartPolicy::Never, None)
    };
    Ok(SandboxSettings {
        namespace: variable("OPENSHELL_SANDBOX_NAMESPACE").unwrap_or_else(|| NAMESPACE.to_owned()),
        image: required(variable, "OPENSHELL_SANDBOX_IMAGE")?,
        generation,
        restart_policy: restart_policy.unwrap_or(usual_policy),
        api_version: api_version.or(usual_version),
        gateway_id: variable("OPENSHELL_GATEWAY_ID").unwrap_or_else(|| "openshell".to_owned()),
        endpoint: variable("OPENSHELL_GRPC_ENDPOINT").filter(|_| !is_first),
        client_tls_secret: variable("OPENSHELL_CLIENT_TLS_SECRET_NAME"),
        ssh_gateway_host: variable("OPENSHELL_SSH_GATEWAY_HOST").unwrap_or_default(),
        ssh_gateway_port: parsed(variable, "OPENSHELL_SSH_GATEWAY_PORT", "a port")?.unwrap_or(0),
        host_gateway_ip: parsed(variable, "OPENSHELL_HOST_GATEWAY_IP", "an IP address")?,
    })
}

fn generation(variable: &impl Fn(&str) -> Option<String>) -> Result<Generation, Refused> {
    let known = [
        ("both", Generation::Both),
        ("v0.0.22", Generation::First),
        ("today", Generation::Today),
    ];
    Ok(chosen(variable, "OPENSHELL_GENERATION", &known)?.unwrap_or(Generation::Both))
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

fn tls_files(variable: &impl Fn(&str) -> Option<String>) -> Result<Option<TlsFiles>, Refused> {
    let demand_clients = !truth(variable, "OPENSHELL_DISABLE_GATEWAY_AUTH")?;
    if truth(variable, "OPENSHELL_DISABLE_TLS")? {
        return Ok(None);
    }
    let client_ca = demand_clients
        .then(|| required(variable, "OPENSHELL_TLS_CLIENT_CA"))
        .transpose()?;
    Ok(Some(TlsFiles {
        certificate: required(variable, "OPENSHELL_TLS_CERT")?.into(),
        key: required(variable, "OPENSHELL_TLS_KEY")?.into(),
        client_ca: client_ca.map(PathBuf::from),
    }))
}

fn required(variable: &impl Fn(&str) -> Option<String>, name: &str) -> Result<String, Refused> {
    variable(name).ok_or_else(|| Refused::configuration(format!("{name} is not set")))
}

fn truth(variable: &impl Fn(&str) -> Option<String>, name: &str) -> Result<bool, Refused> {
    Ok(parsed(variable, name, "true or false")?.unwrap_or(false))
}

fn seconds(variable: &impl Fn(&str) -> Option<String>, name: &str) -> Result<Duration, Refused> {
    let seconds: Option<std::num::NonZeroU64> = parsed(variable, name, "a positive number of seconds")?;
    Ok(Duration::from_secs(seconds.map_or(300, Into::into)))
}

fn chosen<T: Copy>(
    variable: &impl Fn(&str) -> Option<String>,
    name: &str,
    known: &[(&str, T)],
) -> Result<Option<T>, Refused> {
    let Some(value) = variable(name) else {
        return Ok(None);
    };
    match known.iter().find(|(word, _)| *word == value) {
        Some((_, choice)) => Ok(Some(*choice)),
        None => {
            let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
            Err(Refused::configuration(format!(
                "{name}={value}: one of {} is expected",
                words.join(", ")
            )))
        }
    }
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
