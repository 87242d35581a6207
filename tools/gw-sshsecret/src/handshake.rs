//! The handshake secret in memory.

use std::fmt;

use rand::TryRng;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

/// A valid handshake secret: 64 lower-case hex characters. It is wiped when dropped and never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Handshake(Zeroizing<Vec<u8>>);

impl Handshake {
    /// Reads a value. The error says what is wrong with its form, without any part of it.
    pub fn read(value: &[u8]) -> Result<Self, String> {
        if gateway_names::is_handshake_secret(value) {
            return Ok(Self(Zeroizing::new(value.to_vec())));
        }
        Err(match value.len() {
            0 => "it is empty".to_owned(),
            64 => "it has characters other than 0 to 9 and a to f".to_owned(),
            65 if value.ends_with(b"\n") => "it ends with a line break".to_owned(),
            length => format!("it has {length} bytes, 64 are expected"),
        })
    }

    /// A new one, from the operating system's generator.
    pub fn generate() -> Result<Self, String> {
        let mut random = Zeroizing::new([0u8; 32]);
        SysRng
            .try_fill_bytes(random.as_mut_slice())
            .map_err(|error| error.to_string())?;
        let digit = |half: u8| b"0123456789abcdef"[usize::from(half)];
        let mut text = Zeroizing::new(Vec::with_capacity(64));
        text.extend(
            random
                .iter()
                .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]),
        );
        Ok(Self(text))
    }

    /// The secret itself, for the place that holds it in the clear.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// What is shown in its place.
    pub fn fingerprint(&self) -> String {
        contract::fingerprint(&self.0)
    }
}

impl fmt::Debug for Handshake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Handshake({})", self.fingerprint())
    }
}

#[cfg(test)]
mod tests {
    use super::Handshake;

    #[test]
    fn generated_ones_are_valid_and_differ() {
        let (one, two) = (Handshake::generate().unwrap(), Handshake::generate().unwrap());
        assert_ne!(one, two);
        assert_eq!(Handshake::read(one.expose()), Ok(one));
    }

    #[test]
    fn says_what_is_wrong_and_nothing_of_the_value() {
        let table = [
            (String::new(), "empty"),
            ("e".repeat(63), "63 bytes"),
            ("e".repeat(64) + "\n", "line break"),
            ("E".repeat(64), "other than"),
            ("q".repeat(64), "other than"),
        ];
        for (value, expected) in table {
            let error = Handshake::read(value.as_bytes()).unwrap_err();
            assert!(error.contains(expected), "{error}");
            assert!(value.is_empty() || !error.contains(&value));
        }
    }

    #[test]
    fn debug_does_not_show_it() {
        let secret = Handshake::generate().unwrap();
        let text = std::str::from_utf8(secret.expose()).unwrap();
        assert!(!format!("{secret:?}").contains(text));
    }
}
