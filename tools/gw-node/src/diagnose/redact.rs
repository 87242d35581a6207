//! Secrets out of what a container printed.

use contract::fingerprint;
use gateway_facts::Container;
use gateway_names::is_handshake_secret;

/// Knows the container's own secrets.
pub struct Redactor {
    secrets: Vec<String>,
}

/// Names of variables whose values are not for others.
const SECRET: [&str; 4] = ["PASSWORD", "TOKEN", "SECRET", "KEY"];
/// A value that is shorter is no secret, and would spoil the text.
const SHORTEST: usize = 6;

impl Redactor {
    /// From the container's environment.
    pub fn of(container: &Container) -> Self {
        let entries = container
            .environment
            .iter()
            .filter_map(|entry| entry.split_once('='));
        let secrets = entries
            .filter(|(name, value)| SECRET.iter().any(|word| name.contains(word)) && value.len() >= SHORTEST)
            .map(|(_, value)| value.to_owned())
            .collect();
        Self { secrets }
    }

    /// The line with fingerprints in place of secrets: the container's own, and whatever has the form of a handshake secret
    /// (a digest, which says so itself, is none).
    pub fn redact(&self, line: &str) -> String {
        let mut line = line.to_owned();
        for secret in &self.secrets {
            line = line.replace(secret, &fingerprint(secret.as_bytes()));
        }
        let mut shown = String::with_capacity(line.len());
        let mut rest = line.as_str();
        while let Some(at) = rest.find(|c: char| c.is_ascii_hexdigit()) {
            let end = rest[at..]
                .find(|c: char| !c.is_ascii_hexdigit())
                .map_or(rest.len(), |length| at + length);
            let word = &rest[at..end];
            shown.push_str(&rest[..at]);
            if is_handshake_secret(word.as_bytes()) && !shown.ends_with("sha256:") {
                shown.push_str(&fingerprint(word.as_bytes()));
            } else {
                shown.push_str(word);
            }
            rest = &rest[end..];
        }
        shown + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_fingerprints_and_digests_stay() {
        let container = Container {
            environment: vec![
                "REGISTRY_PASSWORD=geheim-1".into(),
                "A_KEY=x".into(),
                "PATH=/usr/bin".into(),
            ],
            ..Container::default()
        };
        let redactor = Redactor::of(&container);
        let secret = "0123456789abcdef".repeat(4);
        let shown = redactor.redact(&format!(
            "login geheim-1 with {secret} from sha256:{secret} in /usr/bin, x"
        ));
        assert!(
            !shown.contains("geheim") && shown.contains(&format!("sha256:{secret} in /usr/bin, x")),
            "{shown}"
        );
        assert_eq!(shown.matches(&secret).count(), 1, "{shown}");
        assert_eq!(redactor.redact("plain: ä é"), "plain: ä é");
    }
}
