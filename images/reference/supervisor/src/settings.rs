//! What the program was asked to do: its command line and its environment.
//!
//! | variable | meaning |
//! | --- | --- |
//! | `OPENSHELL_SSH_HANDSHAKE_SECRET` | the handshake secret; with it NSSH1 is answered |
//! | `OPENSHELL_SSH_HANDSHAKE_SKEW_SECS` | how far the server's clock may be off (300) |
//! | `OPENSHELL_ENDPOINT` | where to dial in, `http://HOST:PORT` or `https://HOST:PORT`; with it there is a session |
//! | `OPENSHELL_TLS_CA`, `OPENSHELL_TLS_CERT`, `OPENSHELL_TLS_KEY` | PEM files for it; required with `https` |
//! | `OPENSHELL_SANDBOX_ID` | required to dial in; with it only tokens of this sandbox are taken |
//! | `OPENSHELL_SANDBOX_COMMAND` | the main process, a JSON array of words (default none: the supervisor alone) |
//! | `OPENSHELL_FIRST_SESSION_SECS` | how long there may be no server at the start (11) |
//!
//! The secret or the endpoint must be there, or nobody could reach the sandbox.

use std::path::PathBuf;
use std::time::Duration;

use argh::FromArgs;
use nssh1::Secret;
use reference_base::program::Refused;

/// How long there may be no server before the first session.
const FIRST_SESSION: Duration = Duration::from_secs(11);

/// The supervisor of a sandbox: answers NSSH1, dials in to the server.
#[derive(FromArgs)]
struct Flags {
    /// address and port for NSSH1 (default 0.0.0.0:2222)
    #[argh(option, default = "format!(\"0.0.0.0:{}\", nssh1::PORT)")]
    listen: String,
    /// folder for the file `lines` (default /sandbox)
    #[argh(option, default = "PathBuf::from(\"/sandbox\")")]
    data: PathBuf,
}

/// Checked settings.
#[derive(Debug)]
pub struct Settings {
    /// Folder for the kept lines.
    pub data: PathBuf,
    /// The sandbox's id.
    pub sandbox_id: Option<String>,
    /// How NSSH1 is answered, if it is.
    pub nssh1: Option<Nssh1>,
    /// Where to dial in, if it does.
    pub server: Option<Server>,
    /// The main process; empty: there is none.
    pub command: Vec<String>,
}

/// How NSSH1 is answered.
#[derive(Debug)]
pub struct Nssh1 {
    /// Address and port to listen on.
    pub listen: String,
    /// The handshake secret.
    pub secret: Secret,
    /// How far the server's clock may be from ours, in seconds.
    pub skew_seconds: u64,
}

/// Where to dial in.
#[derive(Clone, Debug)]
pub struct Server {
    /// `http://HOST:PORT` or `https://HOST:PORT`.
    pub endpoint: String,
    /// Files for `https`; read at each connection, because they may be replaced.
    pub tls: Option<TlsFiles>,
    /// The sandbox's id.
    pub sandbox_id: String,
    /// One run of the supervisor.
    pub instance_id: String,
    /// How long there may be no server before the first session.
    pub first_session: Duration,
}

/// PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's CA.
    pub ca: PathBuf,
    /// What is shown to it.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Settings {
    /// Reads command line and environment.
    pub fn read(arguments: &[&str], variable: impl Fn(&str) -> Option<String>) -> Result<Self, Refused> {
        let flags =
            Flags::from_args(&["openshell-sandbox"], arguments).map_err(|exit| Refused::usage(&exit))?;
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let sandbox_id = variable("OPENSHELL_SANDBOX_ID");
        let nssh1 = nssh1(flags.listen, &variable)?;
        let server = server(sandbox_id.as_deref(), &variable)?;
        if nssh1.is_none() && server.is_none() {
            return Err(Refused::configuration(
                "neither OPENSHELL_SSH_HANDSHAKE_SECRET nor OPENSHELL_ENDPOINT is set: nobody could reach the sandbox; set one in the pod's environment",
            ));
        }
        let command = match variable("OPENSHELL_SANDBOX_COMMAND") {
            None => Vec::new(),
            Some(text) => serde_json::from_str(&text).map_err(|_| {
                Refused::configuration("OPENSHELL_SANDBOX_COMMAND is not a JSON array of words")
            })?,
        };
        Ok(Self {
            data: flags.data,
            sandbox_id,
            nssh1,
            server,
            command,
        })
    }
}

fn nssh1(listen: String, variable: &impl Fn(&str) -> Option<String>) -> Result<Option<Nssh1>, Refused> {
    let Some(secret) = variable("OPENSHELL_SSH_HANDSHAKE_SECRET") else {
        return Ok(None);
    };
    let secret = Secret::new(secret)
        .map_err(|_| Refused::configuration("OPENSHELL_SSH_HANDSHAKE_SECRET is not a handshake secret"))?;
    let skew_seconds = seconds(variable, "OPENSHELL_SSH_HANDSHAKE_SKEW_SECS")?;
    Ok(Some(Nssh1 {
        listen,
        secret,
        skew_seconds: skew_seconds.unwrap_or(nssh1::DEFAULT_SKEW_SECONDS),
    }))
}

fn server(
    sandbox_id: Option<&str>,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<Option<Server>, Refused> {
    let Some(endpoint) = variable("OPENSHELL_ENDPOINT") else {
        return Ok(None);
    };
    let required =
        |name: &str| variable(name).ok_or_else(|| Refused::configuration(format!("{name} is not set")));
    let sandbox_id = sandbox_id.ok_or_else(|| Refused::configuration("OPENSHELL_SANDBOX_ID is not set"))?;
    let tls = endpoint
        .starts_with("https://")
        .then(|| {
            Ok(TlsFiles {
                ca: required("OPENSHELL_TLS_CA")?.into(),
                certificate: required("OPENSHELL_TLS_CERT")?.into(),
                key: required("OPENSHELL_TLS_KEY")?.into(),
            })
        })
        .transpose()?;
    let first_session = seconds(variable, "OPENSHELL_FIRST_SESSION_SECS")?;
    Ok(Some(Server {
        endpoint,
        tls,
        sandbox_id: sandbox_id.to_owned(),
        instance_id: uuid::Uuid::new_v4().to_string(),
        first_session: first_session.map_or(FIRST_SESSION, Duration::from_secs),
    }))
}

fn seconds(variable: &impl Fn(&str) -> Option<String>, name: &str) -> Result<Option<u64>, Refused> {
    let wrong = |_| {
        Refused::configuration(format!(
            "{name} is not a whole number of seconds; remove it or correct it"
        ))
    };
    variable(name).map(|text| text.parse().map_err(wrong)).transpose()
}

#[cfg(test)]
mod tests {
    use super::Settings;
    use reference_base::program::Refused;

    const SECRET: (&str, &str) = ("OPENSHELL_SSH_HANDSHAKE_SECRET", "s");

    fn read(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Settings, Refused> {
        Settings::read(arguments, |name| {
            environment
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn defaults_are_what_the_pod_uses() {
        let settings = read(&[], &[SECRET]).unwrap();
        assert_eq!(settings.data.to_str(), Some("/sandbox"));
        assert!(settings.server.is_none() && settings.sandbox_id.is_none() && settings.command.is_empty());
        let nssh1 = settings.nssh1.unwrap();
        assert_eq!((nssh1.listen.as_str(), nssh1.skew_seconds), ("0.0.0.0:2222", 300));
    }

    #[test]
    fn an_endpoint_alone_is_enough_with_what_it_needs() {
        let environment = [
            ("OPENSHELL_ENDPOINT", "https://server"),
            ("OPENSHELL_SANDBOX_ID", "id"),
            ("OPENSHELL_TLS_CA", "/ca"),
            ("OPENSHELL_TLS_CERT", "/cert"),
            ("OPENSHELL_TLS_KEY", "/key"),
            ("OPENSHELL_SANDBOX_COMMAND", r#"["sleep", "1"]"#),
        ];
        let settings = read(&[], &environment).unwrap();
        assert!(settings.nssh1.is_none());
        assert_eq!(settings.command, ["sleep", "1"]);
        assert_eq!(settings.server.unwrap().first_session.as_secs(), 11);
        for left_out in 1..5 {
            let mut fewer = environment.to_vec();
            let (name, _) = fewer.remove(left_out);
            let refused = read(&[], &fewer).unwrap_err();
            assert!(
                refused.code == 78 && refused.message.contains(name),
                "{}",
                refused.message
            );
        }
    }

    #[test]
    fn each_mistake_has_its_exit_code() {
        for (arguments, environment, code) in [
            (vec!["--help"], vec![], 0),
            (vec!["--unknown"], vec![SECRET], 2),
            (vec!["extra"], vec![SECRET], 2),
            (vec![], vec![], 78),
            (vec![], vec![("OPENSHELL_SSH_HANDSHAKE_SECRET", "")], 78),
            (
                vec![],
                vec![SECRET, ("OPENSHELL_SSH_HANDSHAKE_SKEW_SECS", "5m")],
                78,
            ),
            (vec![], vec![SECRET, ("OPENSHELL_SANDBOX_COMMAND", "sleep 1")], 78),
        ] {
            let refused = read(&arguments, &environment).unwrap_err();
            assert_eq!(
                refused.code, code,
                "{arguments:?} {environment:?}: {}",
                refused.message
            );
        }
    }
}
