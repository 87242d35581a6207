//! A gateway's name.

use std::fmt;

/// A name that was checked: `[A-Za-z0-9][A-Za-z0-9_.-]{0,62}`, as Docker allows for containers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GatewayName(String);

/// The name has a form that no gateway can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidName(String);

impl fmt::Display for InvalidName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "'{}' is no name for a gateway: a letter or digit is expected, then at most 62 letters, digits, '_', '.' or '-'",
            self.0.escape_debug()
        )
    }
}

impl std::error::Error for InvalidName {}

impl std::str::FromStr for GatewayName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        let starts_well = text
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphanumeric());
        if starts_well && text.len() <= 63 && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidName(text.to_owned()))
        }
    }
}

impl GatewayName {
    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of its container, of its volume and of its network.
    pub fn resource(&self) -> String {
        format!("openshell-cluster-{}", self.0)
    }
}

impl fmt::Display for GatewayName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::GatewayName;

    #[test]
    fn accepts_what_docker_accepts_and_refuses_the_rest() {
        let longest = "a".repeat(63);
        for good in ["openshell", "A", "0.b_c-d", &longest] {
            assert_eq!(
                good.parse::<GatewayName>().unwrap().resource(),
                format!("openshell-cluster-{good}")
            );
        }
        let too_long = "a".repeat(64);
        for bad in ["", "-a", ".a", "_a", "a/b", "a b", "ä", "a\n", "../x", &too_long] {
            assert!(bad.parse::<GatewayName>().is_err(), "{bad:?}");
        }
    }
}
