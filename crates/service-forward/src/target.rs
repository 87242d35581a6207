//! Which Service is meant, and which port of it.

use std::fmt;

/// A Service, and one of its ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The Service's name.
    pub service: String,
    /// A port of it, by name or number; `None`: its first one.
    pub port: Option<String>,
}

impl Target {
    /// The first port of a Service.
    pub fn first_port_of(service: &str) -> Self {
        Self {
            service: service.to_owned(),
            port: None,
        }
    }

    /// Reads `NAME` or `NAME:PORT`. The error says what is expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (service, port) = match text.split_once(':') {
            Some((service, port)) => (service, Some(port)),
            None => (text, None),
        };
        // A name of an object, or of a port: RFC 1123.
        let is_name = |word: &str| {
            let is_inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            !word.is_empty() && word.chars().all(is_inside)
        };
        if !is_name(service) || port.is_some_and(|port| !is_name(port)) {
            return Err(format!(
                "'{}' is no Service: NAME is expected, or NAME:PORT with a port's name or number",
                text.escape_debug()
            ));
        }
        Ok(Self {
            service: service.to_owned(),
            port: port.map(str::to_owned),
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.service)?;
        match &self.port {
            Some(port) => write!(formatter, ":{port}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn is_read_and_written_as_a_name_and_a_port() {
        for (text, port) in [
            ("openshell", None),
            ("a-b:grpc", Some("grpc")),
            ("a:8080", Some("8080")),
        ] {
            let target = Target::parse(text).unwrap();
            assert_eq!(
                (target.port.as_deref(), target.to_string().as_str()),
                (port, text)
            );
        }
        for wrong in ["", ":", "a:", ":a", "a:b:c", "service/a", "A", "a b", "../a"] {
            assert!(Target::parse(wrong).is_err(), "{wrong}");
        }
    }
}
