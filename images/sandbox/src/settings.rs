//! What the program was asked to do: its command line and its environment.

use std::path::PathBuf;

use argh::FromArgs;
use nssh1::Secret;

/// The program of a sandbox: answers NSSH1, then echoes each line and keeps it.
#[derive(FromArgs)]
struct Flags {
    /// address and port to listen on (default 0.0.0.0:2222)
    #[argh(option, default = "format!(\"0.0.0.0:{}\", nssh1::PORT)")]
    listen: String,
    /// folder for the file `lines` (default /sandbox)
    #[argh(option, default = "PathBuf::from(\"/sandbox\")")]
    data: PathBuf,
}

/// Checked settings.
pub struct Settings {
    /// Address and port to listen on.
    pub listen: String,
    /// Folder for the kept lines.
    pub data: PathBuf,
    /// The handshake secret.
    pub secret: Secret,
    /// How far the gateway's clock may be from ours, in seconds.
    pub skew_seconds: u64,
    /// SHA-256 of the only token that is served, in lower-case hex; any token where it is `None`.
    pub token_sha256: Option<String>,
}

/// Why the program ends before it began.
#[derive(Debug)]
pub struct Refused {
    /// What to tell, help included.
    pub message: String,
    /// The exit code.
    pub code: u8,
}

impl Settings {
    /// Reads the process's command line and environment.
    pub fn from_process() -> Result<Self, Refused> {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        Self::read(&arguments, |name| {
            std::env::var(name).ok().filter(|value| !value.is_empty())
        })
    }

    fn read(arguments: &[String], variable: impl Fn(&str) -> Option<String>) -> Result<Self, Refused> {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let flags = Flags::from_args(&["openshell-sandbox"], &arguments).map_err(|exit| Refused {
            message: exit.output.trim_end().to_owned(),
            code: if exit.status.is_ok() { 0 } else { 2 },
        })?;
        let wrong = |message: &str| Refused {
            message: message.to_owned(),
            code: 78,
        };
        let secret = variable("OPENSHELL_SSH_HANDSHAKE_SECRET").unwrap_or_default();
        let secret = Secret::new(secret).map_err(|_| {
            wrong("OPENSHELL_SSH_HANDSHAKE_SECRET is empty or not set: anybody could reach the sandbox; set it in the pod's environment")
        })?;
        let skew_seconds = match variable("OPENSHELL_SSH_HANDSHAKE_SKEW_SECS") {
            None => nssh1::DEFAULT_SKEW_SECONDS,
            Some(text) => text
                .parse()
                .map_err(|_| wrong("OPENSHELL_SSH_HANDSHAKE_SKEW_SECS is no whole number of seconds; remove it or correct it"))?,
        };
        let token_sha256 = variable("OPENSHELL_SANDBOX_TOKEN_SHA256");
        Ok(Self {
            listen: flags.listen,
            data: flags.data,
            secret,
            skew_seconds,
            token_sha256,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Refused, Settings};

    fn read(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Settings, Refused> {
        let arguments: Vec<String> = arguments.iter().map(|&text| text.to_owned()).collect();
        Settings::read(&arguments, |name| {
            environment
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn defaults_are_what_the_pod_uses() {
        let settings = read(&[], &[("OPENSHELL_SSH_HANDSHAKE_SECRET", "s")]).unwrap();
        assert_eq!(settings.listen, "0.0.0.0:2222");
        assert_eq!(settings.data.to_str(), Some("/sandbox"));
        assert_eq!(settings.skew_seconds, 300);
        assert!(settings.token_sha256.is_none());
    }

    #[test]
    fn each_mistake_has_its_exit_code() {
        let secret = ("OPENSHELL_SSH_HANDSHAKE_SECRET", "s");
        for (arguments, environment, code) in [
            (vec!["--help"], vec![], 0),
            (vec!["--unknown"], vec![secret], 2),
            (vec!["extra"], vec![secret], 2),
            (vec![], vec![], 78),
            (vec![], vec![("OPENSHELL_SSH_HANDSHAKE_SECRET", "")], 78),
            (
                vec![],
                vec![secret, ("OPENSHELL_SSH_HANDSHAKE_SKEW_SECS", "5m")],
                78,
            ),
        ] {
            let refused = read(&arguments, &environment).err().expect("refused");
            assert_eq!(
                refused.code, code,
                "{arguments:?} {environment:?}: {}",
                refused.message
            );
        }
    }
}
