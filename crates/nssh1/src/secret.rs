//! The handshake secret in memory.

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

/// A handshake secret that is not empty. It is wiped when dropped and never shown by `Debug`.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

/// An empty secret would let anybody sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmptySecret;

impl fmt::Display for EmptySecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the handshake secret is empty")
    }
}

impl std::error::Error for EmptySecret {}

impl Secret {
    /// Takes the secret over; what was given is wiped where it is refused.
    pub fn new(text: String) -> Result<Self, EmptySecret> {
        let text = Zeroizing::new(text);
        if text.is_empty() {
            Err(EmptySecret)
        } else {
            Ok(Self(text))
        }
    }

    /// The secret itself, for a place that must hold it in the clear.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = EmptySecret;

    fn from_str(text: &str) -> Result<Self, EmptySecret> {
        Self::new(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::{EmptySecret, Secret};

    #[test]
    fn an_empty_one_is_refused() {
        assert_eq!("".parse::<Secret>().unwrap_err(), EmptySecret);
    }

    #[test]
    fn debug_does_not_show_it() {
        let secret: Secret = "0123456789abcdef".parse().unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(redacted)");
        assert_eq!(secret.expose(), "0123456789abcdef");
    }
}
