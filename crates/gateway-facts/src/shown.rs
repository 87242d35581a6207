//! What a container was made from: what is persisted with it, or, of one that another tool made, what the container itself shows.

use std::net::IpAddr;

use gateway_names::{HOST_NAMES, VOLUME_PATH};

use crate::{Confinement, Container, Published, Spec};

impl Container {
    /// What it was made from: the persisted specification, or for a gateway that another tool made, what the container
    /// itself shows. The ports are always those that the container has.
    pub fn effective_spec(&self) -> Spec {
        let mut spec = match &self.spec {
            Some(Ok(spec)) => spec.clone(),
            Some(Err(_)) | None => shown_spec(self),
        };
        let fixed = |found: Option<Published>| found.filter(|published| published.port != 0);
        if let Some(published) = fixed(self.gateway_port).or(self.bound) {
            (spec.bind, spec.port) = (published.bind, published.port);
        }
        spec.api_port = fixed(self.api_port).map(|published| published.port);
        spec
    }
}

/// What the container was made from. Its environment stays out: it may hold credentials, and whoever replaces the container
/// carries it over. The ports are the caller's affair.
fn shown_spec(container: &Container) -> Spec {
    let yes = |name: &str| matches!(container.variable(name), Some("true" | "1"));
    let mounted_at = |bind: &str| bind.split(':').nth(1).map(str::to_owned);
    let further_bind =
        |bind: &&String| mounted_at(bind).is_some_and(|path| path != VOLUME_PATH && path != "/sys/fs/cgroup");
    let further_host = |entry: &&String| {
        let name = entry.split_once(':').map_or(entry.as_str(), |(name, _)| name);
        !HOST_NAMES.contains(&name)
    };
    let decided = |word: &&String| {
        !matches!(word.as_str(), "server" | "--disable=traefik")
            && !word.starts_with("--tls-san=")
            && !word.starts_with("--node-name=")
    };
    let spec = Spec::parse(br#"{"image":"","node_name":""}"#).expect("has all that is required");
    Spec {
        image: container.image.clone(),
        node_name: container
            .variable("OPENSHELL_NODE_NAME")
            .filter(|name| !name.is_empty())
            .unwrap_or(&container.hostname)
            .to_owned(),
        gateway_host: container.variable("SSH_GATEWAY_HOST").map(str::to_owned),
        tls_sans: container
            .variable("EXTRA_SANS")
            .unwrap_or_default()
            .split(',')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect(),
        plaintext: yes("DISABLE_TLS"),
        disable_gateway_auth: yes("DISABLE_GATEWAY_AUTH"),
        confinement: if container.privileged {
            Confinement::Privileged
        } else {
            Confinement::Caps
        },
        gpu: container.gpu || yes("GPU_ENABLED"),
        extra_hosts: container
            .extra_hosts
            .iter()
            .filter(further_host)
            .cloned()
            .collect(),
        mounts: container.binds.iter().filter(further_bind).cloned().collect(),
        dns: container
            .dns
            .iter()
            .filter_map(|text| text.parse::<IpAddr>().ok())
            .collect(),
        k3s_args: container.command.iter().filter(decided).cloned().collect(),
        ..spec
    }
}
