//! What the controller was asked to do: its command line.

use std::str::FromStr;

use argh::FromArgs;
use reference_base::program::Refused;

/// The controller of sandboxes.
#[derive(FromArgs)]
struct Flags {
    /// namespace of sandboxes (default: all)
    #[argh(option)]
    namespace: Option<String>,
    /// namespace of the Lease
    #[argh(option)]
    lease_namespace: String,
    /// name in the Lease, and the beginning of its holder: the pod's (default reference-controller)
    #[argh(option, default = "String::from(\"reference-controller\")")]
    name: String,
    /// version of Agent Sandbox whose conditions are written (default v0.5.4)
    #[argh(option, default = "Version(0, 5, 4)")]
    behave_as: Version,
}

/// A version of Agent Sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Option<Vec<u32>> = text
            .strip_prefix('v')
            .map(|text| text.split('.').map(|part| part.parse().ok()).collect())
            .unwrap_or_default();
        match parts.as_deref() {
            Some(&[major, minor, patch]) => Ok(Self(major, minor, patch)),
            _ => Err("expected vMAJOR.MINOR.PATCH".to_owned()),
        }
    }
}

/// Checked settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The namespace of sandboxes; `None`: all.
    pub namespace: Option<String>,
    /// The namespace of the Lease.
    pub lease_namespace: String,
    /// The beginning of the Lease's holder.
    pub name: String,
    /// Whose conditions are written.
    pub version: Version,
}

impl Settings {
    /// Reads a command line.
    pub fn read(arguments: &[&str]) -> Result<Self, Refused> {
        let flags = Flags::from_args(&["reference-controller"], arguments);
        let flags = flags.map_err(|exit| Refused::usage(&exit))?;
        Ok(Self {
            namespace: flags.namespace,
            lease_namespace: flags.lease_namespace,
            name: flags.name,
            version: flags.behave_as,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Settings, Version};

    #[test]
    fn flags_are_read_and_mistakes_are_usage_errors() {
        let settings = Settings::read(&["--lease-namespace", "n", "--behave-as", "v0.5.0"]).unwrap();
        assert_eq!((settings.namespace, settings.version), (None, Version(0, 5, 0)));
        for (arguments, code) in [
            (&["--help"][..], 0),
            (&[], 2),
            (&["--lease-namespace", "n", "--behave-as", "0.5.0"], 2),
            (&["--lease-namespace", "n", "--behave-as", "v0.5"], 2),
        ] {
            assert_eq!(Settings::read(arguments).unwrap_err().code, code, "{arguments:?}");
        }
    }

    #[test]
    fn versions_are_ordered_by_number() {
        assert!(Version(0, 5, 4) < Version(0, 5, 10) && Version(0, 4, 99) < Version(0, 5, 0));
    }
}
