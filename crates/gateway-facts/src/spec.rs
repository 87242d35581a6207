//! The specification that is persisted with a gateway.

use std::net::{IpAddr, Ipv4Addr};

use gateway_names::DEFAULT_PORT;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the container is confined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confinement {
    /// By the capability list for images that carry our label, privileged for others.
    #[default]
    Auto,
    /// `--privileged`.
    Privileged,
    /// By the capability list.
    Caps,
}

/// Where the gateway's images come from, as OpenShell's cluster images read it. What is `null` follows from the cluster
/// image's own reference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Registry {
    /// Host of the registry, `host` or `host:port`.
    pub host: Option<String>,
    /// The registry speaks plain HTTP.
    pub insecure: bool,
    /// Where the node reaches the registry, where that is elsewhere.
    pub endpoint: Option<String>,
    /// The repository below which the images are.
    pub repo_base: Option<String>,
    /// The tag of the images.
    pub image_tag: Option<String>,
    /// Images that were pushed into the node.
    pub push_image_refs: Vec<String>,
    /// `Always`, `IfNotPresent` or `Never`, for pods.
    pub pull_policy: Option<String>,
    /// Fingerprint of the credentials, which are kept elsewhere; `null` without any.
    pub credentials: Option<String>,
}

/// The way out of the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Proxies {
    /// HTTP_PROXY.
    pub http: Option<String>,
    /// HTTPS_PROXY.
    pub https: Option<String>,
    /// NO_PROXY: what is reached directly.
    pub no_proxy: Option<String>,
}

/// What a gateway's container is made from, apart from its volume. No credential is ever part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Spec {
    /// Reference of the cluster image.
    pub image: String,
    /// TCP port of the gateway on the host.
    #[serde(default = "default_port")]
    pub port: u16,
    /// Address of the host that the port is published on.
    #[serde(default = "default_bind")]
    pub bind: IpAddr,
    /// TCP port of the API server on 127.0.0.1; `null` where it is not published.
    #[serde(default)]
    pub api_port: Option<u16>,
    /// The node's name, which is the container's hostname.
    pub node_name: String,
    /// The host by which sandboxes' clients reach the gateway, where it is not this one.
    #[serde(default)]
    pub gateway_host: Option<String>,
    /// Names and addresses for the certificates beside the usual ones.
    #[serde(default)]
    pub tls_sans: Vec<String>,
    /// TLS is off.
    #[serde(default)]
    pub plaintext: bool,
    /// The gateway does not authenticate its clients.
    #[serde(default)]
    pub disable_gateway_auth: bool,
    /// The confinement that was asked for.
    #[serde(default)]
    pub confinement: Confinement,
    /// Where the gateway's images come from.
    #[serde(default)]
    pub registry: Registry,
    /// All GPUs of the host are handed on.
    #[serde(default)]
    pub gpu: bool,
    /// Further `NAME:ADDRESS` entries of the hosts file.
    #[serde(default)]
    pub extra_hosts: Vec<String>,
    /// Further mounts, `SOURCE:PATH[:ro]`.
    #[serde(default)]
    pub mounts: Vec<String>,
    /// Further environment, `NAME=VALUE`.
    #[serde(default)]
    pub environment: Vec<String>,
    /// Name servers.
    #[serde(default)]
    pub dns: Vec<IpAddr>,
    /// The way out of the machine.
    #[serde(default)]
    pub proxies: Proxies,
    /// Further arguments for k3s.
    #[serde(default)]
    pub k3s_args: Vec<String>,
}

fn default_port() -> u16 {
    DEFAULT_PORT
}

fn default_bind() -> IpAddr {
    IpAddr::V4(Ipv4Addr::LOCALHOST)
}

impl Spec {
    /// Reads what was persisted. The error says what is wrong with it.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(text).map_err(|error| error.to_string())
    }

    /// The form that is persisted.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a specification is plain data")
    }

    /// `https` or `http`.
    pub fn scheme(&self) -> &'static str {
        if self.plaintext { "http" } else { "https" }
    }

    fn connect_host(&self, machine: Option<&str>) -> String {
        match (&self.gateway_host, machine) {
            (Some(host), _) => host.clone(),
            (None, Some(machine)) if self.bind.is_unspecified() || self.bind.is_loopback() => {
                match machine.parse() {
                    Ok(IpAddr::V6(ip)) => format!("[{ip}]"),
                    _ => machine.to_owned(),
                }
            }
            (None, _) => self.published_host(),
        }
    }

    /// `host:port` at which the machine of the container reaches the gateway, whatever name clients use.
    pub fn published(&self) -> String {
        format!("{}:{}", self.published_host(), self.port)
    }

    fn published_host(&self) -> String {
        match self.bind {
            ip if ip.is_unspecified() => Ipv4Addr::LOCALHOST.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
            ip => ip.to_string(),
        }
    }

    /// `scheme://host:port`, as clients use it.
    pub fn endpoint(&self) -> String {
        self.endpoint_at(None)
    }

    /// The same for clients elsewhere, which reach the container's machine as `machine`.
    pub fn endpoint_at(&self, machine: Option<&str>) -> String {
        format!("{}://{}:{}", self.scheme(), self.connect_host(machine), self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_an_older_version_left_out_has_its_default() {
        let spec = Spec::parse(br#"{"image":"i","node_name":"n","of_a_newer_version":1}"#).unwrap();
        assert_eq!(spec.endpoint(), "https://127.0.0.1:8080");
        assert_eq!((spec.api_port, spec.confinement), (None, Confinement::Auto));
        assert!(Spec::parse(b"{}").is_err());
    }

    #[test]
    fn the_endpoint_is_one_that_a_client_can_connect_to() {
        let mut spec = Spec::parse(br#"{"image":"i","node_name":"n","port":1,"plaintext":true}"#).unwrap();
        for (bind, endpoint) in [
            ("0.0.0.0", "http://127.0.0.1:1"),
            ("::", "http://127.0.0.1:1"),
            ("::1", "http://[::1]:1"),
            ("192.0.2.7", "http://192.0.2.7:1"),
        ] {
            spec.bind = bind.parse().unwrap();
            assert_eq!(spec.endpoint(), endpoint);
        }
        for (bind, machine, endpoint) in [
            ("0.0.0.0", "build.example", "http://build.example:1"),
            ("127.0.0.1", "fd00::1", "http://[fd00::1]:1"),
            ("192.0.2.7", "build.example", "http://192.0.2.7:1"),
        ] {
            spec.bind = bind.parse().unwrap();
            assert_eq!(spec.endpoint_at(Some(machine)), endpoint);
        }
        spec.gateway_host = Some("far".into());
        assert_eq!(spec.endpoint(), "http://far:1");
        assert_eq!(spec.endpoint_at(Some("build.example")), "http://far:1");
        assert_eq!(spec.published(), "192.0.2.7:1");
    }

    proptest! {
        #[test]
        fn is_read_as_it_was_written(image in ".*", port: u16, api_port: Option<u16>, sans in prop::collection::vec(".*", 0..3)) {
            let mut spec = Spec::parse(br#"{"image":"i","node_name":"n"}"#).unwrap();
            (spec.image, spec.port, spec.api_port, spec.tls_sans) = (image, port, api_port, sans);
            prop_assert_eq!(Spec::parse(spec.to_json().as_bytes()), Ok(spec));
        }
    }

    #[test]
    fn one_that_an_earlier_version_wrote_is_read_and_written_as_it_was() {
        let written = include_str!("../tests/written/spec.json");
        let spec = Spec::parse(written.as_bytes()).unwrap();
        assert_eq!((spec.port, spec.api_port), (28431, Some(16929)));
        assert_eq!(spec.registry.host.as_deref(), Some("registry.example"));
        assert_eq!(spec.environment, ["COLOUR=blue"]);
        assert_eq!(spec.to_json(), written.trim_end());
    }
}
