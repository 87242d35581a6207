//! A gateway's container, as Docker's inspection shows it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use bollard::models::{ContainerInspectResponse, ContainerState, ContainerStateStatusEnum, PortMap};
use gateway_names::{API_PORT, GATEWAY_LABEL, GatewayName, NODE_PORT, SPEC_LABEL, VOLUME_PATH};

use crate::{Health, Spec};

/// What the container does, in Docker's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// Made and never started.
    #[default]
    Created,
    /// Its program runs.
    Running,
    /// Its program is held.
    Paused,
    /// Docker starts it again and again.
    Restarting,
    /// Docker is removing it.
    Removing,
    /// Its program has ended.
    Exited,
    /// Docker could not remove it.
    Dead,
}

/// A port of the host that leads into the container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// Address of the host.
    pub bind: IpAddr,
    /// TCP port of the host; 0 where Docker chooses one at each start.
    pub port: u16,
}

/// A network that the container refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The network's name.
    pub name: String,
    /// The network's id, which may be that of a network that is gone.
    pub network_id: String,
    /// The container's address, while it runs.
    pub address: Option<Ipv4Addr>,
    /// The address that the container is fixed to.
    pub pinned: Option<Ipv4Addr>,
}

/// The container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The image as it was named.
    pub image: String,
    /// The image's id.
    pub image_id: String,
    /// What it does.
    pub status: Status,
    /// RFC 3339.
    pub created_at: Option<String>,
    /// RFC 3339; `None` where it never started.
    pub started_at: Option<String>,
    /// RFC 3339; `None` where it never ended.
    pub finished_at: Option<String>,
    /// Of the last end; `None` while it runs or where it never started.
    pub exit_code: Option<i64>,
    /// The kernel ended it for lack of memory.
    pub oom_killed: bool,
    /// Docker's message about the last start.
    pub start_error: Option<String>,
    /// Docker's word, such as `unless-stopped`.
    pub restart_policy: Option<String>,
    /// The hostname, which is the node's name.
    pub hostname: String,
    /// The gateway that our label names; `None` without the label.
    pub label: Option<String>,
    /// The persisted specification; `None` without the label, `Err` where it cannot be read.
    pub spec: Option<Result<Spec, String>>,
    /// The image's health check.
    pub health: Option<Health>,
    /// `NAME=VALUE`. May hold credentials: never shown.
    pub environment: Vec<String>,
    /// What follows the image's entry point.
    pub command: Vec<String>,
    /// Where the gateway's port is to be published.
    pub gateway_port: Option<Published>,
    /// Where the API's port is to be published.
    pub api_port: Option<Published>,
    /// Where the gateway's port is published at this moment.
    pub bound: Option<Published>,
    /// The networks it refers to.
    pub attachments: Vec<Attachment>,
    /// The volume that is mounted where the gateway's data is.
    pub volume: Option<String>,
    /// It runs with `--privileged`.
    pub privileged: bool,
    /// How often Docker has started it again by itself.
    pub restart_count: u32,
    /// Further `NAME:ADDRESS` entries of its hosts file.
    pub extra_hosts: Vec<String>,
    /// Name servers beside Docker's own.
    pub dns: Vec<String>,
    /// Binds beside the gateway's volume, as `docker run --volume` has them.
    pub binds: Vec<String>,
    /// It asks for GPUs.
    pub gpu: bool,
    /// All labels: its own, and those of its image.
    pub labels: BTreeMap<String, String>,
}

impl Container {
    /// From Docker's answer.
    pub fn of(answer: ContainerInspectResponse) -> Self {
        let state = answer.state.unwrap_or_default();
        let config = answer.config.unwrap_or_default();
        let host = answer.host_config.unwrap_or_default();
        let settings = answer.network_settings.unwrap_or_default();
        let labels = config.labels.unwrap_or_default();
        let status = status_of(&state);
        let started_at = time(state.started_at);
        let ended = started_at.is_some() && !matches!(status, Status::Running | Status::Paused);
        let bindings = host.port_bindings.unwrap_or_default();
        Self {
            id: answer.id.unwrap_or_default(),
            name: answer.name.unwrap_or_default().trim_start_matches('/').to_owned(),
            image: config.image.unwrap_or_default(),
            image_id: answer.image.unwrap_or_default(),
            status,
            exit_code: state.exit_code.filter(|_| ended),
            created_at: time(answer.created),
            started_at,
            finished_at: time(state.finished_at),
            oom_killed: state.oom_killed.unwrap_or_default(),
            start_error: state.error.filter(|text| !text.is_empty()),
            restart_policy: host
                .restart_policy
                .and_then(|policy| policy.name)
                .map(|name| name.to_string())
                .filter(|name| !name.is_empty()),
            hostname: config.hostname.unwrap_or_default(),
            label: labels.get(GATEWAY_LABEL).cloned(),
            spec: labels.get(SPEC_LABEL).map(|text| Spec::parse(text.as_bytes())),
            health: state.health.and_then(Health::of),
            environment: config.env.unwrap_or_default(),
            command: config.cmd.unwrap_or_default(),
            gateway_port: published(&bindings, NODE_PORT),
            api_port: published(&bindings, API_PORT),
            bound: published(&settings.ports.unwrap_or_default(), NODE_PORT),
            attachments: settings
                .networks
                .unwrap_or_default()
                .into_iter()
                .map(|(name, endpoint)| Attachment {
                    // podman gives no id: there a network's name is one network's alone.
                    network_id: endpoint.network_id.filter(|id| *id != name).unwrap_or_default(),
                    name,
                    address: endpoint.ip_address.and_then(|text| text.parse().ok()),
                    pinned: endpoint
                        .ipam_config
                        .and_then(|ipam| ipam.ipv4_address)
                        .and_then(|text| text.parse().ok()),
                })
                .collect(),
            volume: answer
                .mounts
                .unwrap_or_default()
                .into_iter()
                .find(|mount| mount.destination.as_deref() == Some(VOLUME_PATH))
                .and_then(|mount| mount.name),
            privileged: host.privileged.unwrap_or_default(),
            restart_count: answer.restart_count.and_then(|n| n.try_into().ok()).unwrap_or(0),
            extra_hosts: host.extra_hosts.unwrap_or_default(),
            dns: host.dns.unwrap_or_default(),
            binds: host.binds.unwrap_or_default(),
            gpu: host.device_requests.is_some_and(|requests| !requests.is_empty()),
            labels: labels.into_iter().collect(),
        }
    }

    /// Is it this gateway's: on the gateway's volume, and without the label of another gateway?
    pub fn belongs_to(&self, gateway: &GatewayName) -> bool {
        let of_another = self
            .label
            .as_deref()
            .is_some_and(|label| label != gateway.as_str());
        self.volume.as_deref() == Some(gateway.resource().as_str()) && !of_another
    }

    /// Does its program run, held or not?
    pub fn is_up(&self) -> bool {
        matches!(self.status, Status::Running | Status::Paused | Status::Restarting)
    }

    /// The value of a variable of its environment.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment
            .iter()
            .filter_map(|entry| entry.split_once('='))
            .find_map(|(key, value)| (key == name).then_some(value))
    }
}

fn status_of(state: &ContainerState) -> Status {
    use ContainerStateStatusEnum as Word;
    match state.status {
        Some(Word::RUNNING | Word::STOPPING) => Status::Running,
        Some(Word::PAUSED) => Status::Paused,
        Some(Word::RESTARTING) => Status::Restarting,
        Some(Word::REMOVING) => Status::Removing,
        Some(Word::DEAD) => Status::Dead,
        Some(Word::CREATED) => Status::Created,
        Some(Word::EXITED) => Status::Exited,
        Some(Word::EMPTY) | None if state.running == Some(true) => Status::Running,
        Some(Word::EMPTY) | None => Status::Exited,
    }
}

/// Docker's zero time means never.
fn time(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty() && !text.starts_with("0001-"))
}

fn published(ports: &PortMap, inside: u16) -> Option<Published> {
    let bindings = ports.get(&format!("{inside}/tcp"))?.as_ref()?;
    bindings.iter().find_map(|binding| {
        let host = binding.host_ip.as_deref().filter(|text| !text.is_empty());
        Some(Published {
            bind: host.map_or(Ok(Ipv4Addr::UNSPECIFIED.into()), str::parse).ok()?,
            port: match binding.host_port.as_deref() {
                None | Some("") => 0,
                Some(text) => text.parse().ok()?,
            },
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Confinement;

    fn inspected(json: serde_json::Value) -> Container {
        Container::of(serde_json::from_value(json).unwrap())
    }

    #[test]
    fn a_container_of_another_tool_shows_its_own_specification() {
        let container = inspected(serde_json::json!({
            "Id": "1", "Name": "/openshell-cluster-g", "Image": "sha256:2",
            "State": {"Status": "exited", "ExitCode": 137, "OOMKilled": true,
                "StartedAt": "2026-01-02T03:04:05Z", "FinishedAt": "2026-01-02T03:05:05Z"},
            "Config": {"Image": "cluster:1", "Hostname": "openshell-g",
                "Cmd": ["server", "--disable=traefik", "--tls-san=a", "--flannel-backend=host-gw"],
                "Env": ["DISABLE_TLS=true", "EXTRA_SANS=a,b", "SSH_GATEWAY_HOST=far", "TOKEN=x=y"]},
            "HostConfig": {"Privileged": true, "ExtraHosts": ["host.docker.internal:host-gateway", "x:192.0.2.1"],
                "Binds": ["openshell-cluster-g:/var/lib/rancher/k3s", "/etc/ssl:/certs:ro"], "Dns": ["192.0.2.53"],
                "DeviceRequests": [{"Count": -1}], "RestartPolicy": {"Name": "unless-stopped"},
                "PortBindings": {"30051/tcp": [{"HostIp": "", "HostPort": "9000"}]}},
            "Mounts": [{"Type": "volume", "Name": "openshell-cluster-g", "Destination": VOLUME_PATH}],
            "NetworkSettings": {"Networks": {"n": {"NetworkID": "3", "IPAddress": ""}}}
        }));
        assert_eq!(container.exit_code, Some(137));
        assert_eq!(container.restart_policy.as_deref(), Some("unless-stopped"));
        assert_eq!(container.volume.as_deref(), Some("openshell-cluster-g"));
        assert_eq!(container.variable("TOKEN"), Some("x=y"));
        assert_eq!(container.attachments[0].network_id, "3");
        let on_podman = inspected(serde_json::json!({
            "NetworkSettings": {"Networks": {"n": {"NetworkID": "n"}}}
        }));
        assert_eq!(on_podman.attachments[0].network_id, "");
        assert!(container.belongs_to(&"g".parse().unwrap()));
        assert!(!container.belongs_to(&"h".parse().unwrap()));
        let spec = container.effective_spec();
        assert_eq!(spec.endpoint(), "http://far:9000");
        assert_eq!(spec.node_name, "openshell-g");
        assert_eq!(spec.tls_sans, ["a", "b"]);
        assert_eq!((spec.api_port, spec.confinement), (None, Confinement::Privileged));
        assert_eq!(
            (spec.k3s_args.join(" "), spec.extra_hosts.join(" ")),
            ("--flannel-backend=host-gw".into(), "x:192.0.2.1".into())
        );
        assert_eq!(
            (spec.mounts.join(" "), spec.gpu),
            ("/etc/ssl:/certs:ro".into(), true)
        );
        assert_eq!(spec.dns, ["192.0.2.53".parse::<IpAddr>().unwrap()]);
    }

    #[test]
    fn the_label_counts_and_the_ports_are_those_of_the_container() {
        let label = r#"{"image":"i","node_name":"n","port":1,"api_port":2}"#;
        let container = inspected(serde_json::json!({
            "State": {"Status": "running", "StartedAt": "2026-01-02T03:04:05Z", "FinishedAt": "0001-01-01T00:00:00Z",
                "Health": {"Status": "unhealthy", "FailingStreak": 2,
                    "Log": [{"Output": "HEALTHCHECK_NODE_PRESSURE\n"}, {"Output": "DNS_PROBE_FAILED\nthree\n"}]}},
            "Config": {"Labels": {SPEC_LABEL: label, GATEWAY_LABEL: "g"}},
            "HostConfig": {"PortBindings": {
                "30051/tcp": [{"HostIp": "127.0.0.1", "HostPort": "9000"}],
                "6443/tcp": [{"HostIp": "127.0.0.1", "HostPort": "9001"}]}}
        }));
        let spec = container.effective_spec();
        assert_eq!(
            (spec.port, spec.api_port, spec.image.as_str()),
            (9000, Some(9001), "i")
        );
        assert_eq!(
            (container.exit_code, container.finished_at.as_deref()),
            (None, None)
        );
        let health = container.health.unwrap();
        assert_eq!(
            (health.status.as_str(), health.last_line.as_deref()),
            ("unhealthy", Some("three"))
        );
        assert_eq!(
            (health.failing_streak, health.markers),
            (2, vec!["DNS_PROBE_FAILED"])
        );
        assert_eq!(container.label.as_deref(), Some("g"));
    }

    #[test]
    fn a_port_that_docker_chooses_is_the_one_it_chose() {
        let container = inspected(serde_json::json!({
            "State": {"Status": "running"},
            "HostConfig": {"PortBindings": {"30051/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}},
            "NetworkSettings": {"Ports": {"30051/tcp": [{"HostIp": "127.0.0.1", "HostPort": "32768"}], "1/tcp": null}}
        }));
        assert_eq!(container.effective_spec().port, 32768);
    }
}
