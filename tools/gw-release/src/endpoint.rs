//! Where clients reach a gateway, as a flag names it.

use std::net::{IpAddr, Ipv6Addr};

/// `https://HOST:PORT`, or `http://HOST:PORT` of a server without TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The whole of it.
    pub url: String,
    /// Name or address, an IPv6 address without its brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

impl Endpoint {
    /// Reads it. The error says what is expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        read(text).ok_or_else(|| {
            format!(
                "--endpoint is https://HOST:PORT, or http://HOST:PORT for a server without TLS, not '{}'",
                text.escape_debug()
            )
        })
    }

    /// Is it one of this very machine?
    pub fn is_of_this_machine(&self) -> bool {
        self.host == "localhost"
            || self
                .host
                .parse()
                .is_ok_and(|address: IpAddr| address.is_loopback())
    }
}

fn read(text: &str) -> Option<Endpoint> {
    let address = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))?;
    let (host, port) = address.rsplit_once(':')?;
    let is_name =
        |host: &str| !host.is_empty() && !host.contains(|c: char| "/:@?#[]".contains(c) || c.is_whitespace());
    let host = match host.strip_prefix('[') {
        Some(rest) => rest
            .strip_suffix(']')
            .filter(|inner| inner.parse::<Ipv6Addr>().is_ok())?,
        None => Some(host).filter(|host| is_name(host))?,
    };
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    Some(Endpoint {
        url: text.to_owned(),
        host: host.to_owned(),
        port: port.parse().ok().filter(|port| is_number && *port > 0)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn is_a_scheme_a_host_and_a_port() {
        for (text, host, port, here) in [
            ("https://gw.example:443", "gw.example", 443, false),
            ("http://127.0.0.1:8080", "127.0.0.1", 8080, true),
            ("https://localhost:1", "localhost", 1, true),
            ("https://[::1]:65535", "::1", 65535, true),
            ("https://[fd00::2]:8443", "fd00::2", 8443, false),
        ] {
            let read = Endpoint::parse(text).unwrap();
            assert_eq!((read.host.as_str(), read.port), (host, port));
            assert_eq!((read.url.as_str(), read.is_of_this_machine()), (text, here));
        }
        for wrong in [
            "gw.example",
            "gw.example:443",
            "https://gw.example",
            "https://gw.example:0",
            "https://gw.example:65536",
            "https://gw.example:+1",
            "https://gw.example:443/path",
            "https://a b:443",
            "https://:443",
            "https://::1:443",
            "https://[::1:443",
            "https://[x]:443",
            "https://user@host:443",
            "ftp://gw.example:443",
            "",
        ] {
            assert!(
                Endpoint::parse(wrong).unwrap_err().starts_with("--endpoint is "),
                "{wrong}"
            );
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in ".*") {
            let _ = Endpoint::parse(&format!("https://{text}"));
        }
    }
}
