//! What flags take: read from a word, or refused with what is expected.

use std::net::IpAddr;

use gateway_facts::Confinement;

pub fn not_empty(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("a value is expected".to_owned());
    }
    Ok(text.to_owned())
}

pub fn port(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err(format!("'{text}' is no port: 1 to 65535 is expected")),
        Ok(port) => Ok(port),
    }
}

/// A name that can stand in a certificate and in a list with commas.
pub fn host(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '*' | '_');
    if text.is_empty() || !text.chars().all(allowed) || text.starts_with('-') {
        return Err(format!("'{}' is no host name or address", text.escape_debug()));
    }
    Ok(text.to_owned())
}

/// When to pull the cluster image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pull {
    /// Where Docker does not have it.
    #[default]
    Missing,
    /// Each time; a registry that cannot be reached is an error.
    Always,
    /// Not at all.
    Never,
}

pub fn pull(text: &str) -> Result<Pull, String> {
    match text {
        "missing" => Ok(Pull::Missing),
        "always" => Ok(Pull::Always),
        "never" => Ok(Pull::Never),
        _ => Err(format!("'{text}' is not one of missing, always, never")),
    }
}

/// One word that can stand in an environment and on a command line.
pub fn plain(text: &str) -> Result<String, String> {
    if text.is_empty() || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(format!("'{}' is no single word", text.escape_debug()));
    }
    Ok(text.to_owned())
}

pub fn extra_host(text: &str) -> Result<String, String> {
    let (name, address) = text.split_once(':').unwrap_or((text, ""));
    let fits = host(name).is_ok() && (address == "host-gateway" || address.parse::<IpAddr>().is_ok());
    if !fits {
        return Err(format!("'{}': NAME:ADDRESS is expected", text.escape_debug()));
    }
    Ok(text.to_owned())
}

/// The gateway's own places are not for others.
pub fn mount(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let (source, path) = match parts[..] {
        [source, path] | [source, path, "ro" | "rw"] => (source, path),
        _ => {
            return Err(format!(
                "'{}': SOURCE:PATH or SOURCE:PATH:ro is expected",
                text.escape_debug()
            ));
        }
    };
    if source.is_empty() || !path.starts_with('/') || text.chars().any(char::is_control) {
        return Err(format!("'{}': PATH must begin with a slash", text.escape_debug()));
    }
    let own = gateway_names::VOLUME_PATH;
    if path.trim_end_matches('/') == own || path.starts_with(&format!("{own}/")) {
        return Err(format!("'{path}' belongs to the gateway's volume"));
    }
    Ok(text.to_owned())
}

/// What must not be seen has ways of its own, and what is decided elsewhere has its own flag.
pub fn environment(text: &str) -> Result<String, String> {
    const SECRET: [&str; 3] = [
        "REGISTRY_PASSWORD",
        "REGISTRY_USERNAME",
        "OPENSHELL_SSH_HANDSHAKE_SECRET",
    ];
    let (name, value) = text.split_once('=').unwrap_or(("", ""));
    if name.is_empty() || value.contains('\0') || name.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("NAME=VALUE is expected".to_owned());
    }
    if SECRET.contains(&name) {
        return Err(format!(
            "{name} is a credential and would be readable in the container's labels: see --registry-password-file"
        ));
    }
    if crate::act::environment::is_decided(name) {
        return Err(format!("{name} follows from another flag"));
    }
    Ok(text.to_owned())
}

/// A password in a proxy's address would be readable in the container's labels.
pub fn proxy(text: &str) -> Result<String, String> {
    let rest = plain(text)?;
    let authority = rest.split_once("://").map_or(rest.as_str(), |(_, rest)| rest);
    if authority
        .split('/')
        .next()
        .is_some_and(|authority| authority.contains('@'))
    {
        return Err(
            "a proxy's address with a password would be readable in the container's labels".to_owned(),
        );
    }
    Ok(rest)
}

pub fn confinement(text: &str) -> Result<Confinement, String> {
    match text {
        "auto" => Ok(Confinement::Auto),
        "privileged" => Ok(Confinement::Privileged),
        "caps" => Ok(Confinement::Caps),
        _ => Err(format!("'{text}' is not one of auto, privileged, caps")),
    }
}
