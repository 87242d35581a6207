//! The specification of a container that another tool made, as far as the container itself shows it.

use std::net::IpAddr;

use gateway_names::{HOST_NAMES, VOLUME_PATH};

use crate::{Confinement, Container, Spec};

/// What the container was made from. Its environment stays out: it may hold credentials, and whoever replaces the container
/// carries it over. The ports are the caller's affair.
pub fn shown_spec(container: &Container) -> Spec {
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
