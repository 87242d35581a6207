//! What Docker is asked to make, from a specification.

use std::collections::HashMap;
use std::net::IpAddr;

use api_access::API_BIND;
use bollard::models::{
    ContainerCreateBody, DeviceRequest, EndpointIpamConfig, EndpointSettings, HostConfig,
    HostConfigCgroupnsModeEnum, NetworkingConfig, PortBinding, RestartPolicy, RestartPolicyNameEnum,
};
use docker_images::Image;
use gateway_facts::{Confinement, Spec};
use gateway_names::{API_PORT, GATEWAY_LABEL, GatewayName, HOST_NAMES, NODE_PORT, SPEC_LABEL, VOLUME_PATH};

use crate::act::environment::{command, environment, name_of};
use crate::plan::steps::NetworkInUse;

/// What a kubelet, containerd and kube-proxy need beside Docker's own list. SYS_RESOURCE is not among them: many
/// machines that are containers or small VMs themselves do not have it to give.
const CAPABILITIES: [&str; 14] = [
    "SYS_ADMIN",
    "NET_ADMIN",
    "SYS_PTRACE",
    "SYS_NICE",
    "SYS_BOOT",
    "IPC_LOCK",
    "DAC_READ_SEARCH",
    "LINUX_IMMUTABLE",
    "SYSLOG",
    "SYS_TIME",
    "NET_BROADCAST",
    "LEASE",
    "MKNOD",
    "SYS_RAWIO",
];

/// Seconds that Docker waits at `docker stop` and when it is shut down itself. Kubernetes in a container needs them.
const STOP_SECONDS: i64 = 30;

/// Is a container of this image privileged?
pub fn is_privileged(confinement: Confinement, image: &Image) -> bool {
    match confinement {
        Confinement::Privileged => true,
        Confinement::Caps => false,
        Confinement::Auto => !image.ours,
    }
}

/// How a container of some image is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    /// With `--privileged`.
    pub privileged: bool,
    /// Of k3s's own image.
    pub plain_k3s: bool,
}

/// The container. `carried` is environment of the container that is replaced.
pub fn create_body(
    gateway: &GatewayName,
    spec: &Spec,
    image_reference: &str,
    manner: Manner,
    network: &NetworkInUse,
    carried: &[String],
) -> ContainerCreateBody {
    let endpoint = EndpointSettings {
        ipam_config: network.pinned.map(|address| EndpointIpamConfig {
            ipv4_address: Some(address.to_string()),
            ..EndpointIpamConfig::default()
        }),
        ..EndpointSettings::default()
    };
    let own = environment(spec).into_iter();
    let given = |entry: &String| carried.iter().any(|other| name_of(other) == name_of(entry));
    let environment = own.filter(|entry| !given(entry)).chain(carried.iter().cloned());
    ContainerCreateBody {
        image: Some(image_reference.to_owned()),
        hostname: Some(spec.node_name.clone()),
        cmd: Some(command(spec, manner.plain_k3s)),
        env: Some(environment.collect()),
        labels: Some(HashMap::from([
            (GATEWAY_LABEL.to_owned(), gateway.to_string()),
            (SPEC_LABEL.to_owned(), spec.to_json()),
        ])),
        exposed_ports: Some(vec![format!("{NODE_PORT}/tcp"), format!("{API_PORT}/tcp")]),
        stop_timeout: Some(STOP_SECONDS),
        host_config: Some(host_config(gateway, spec, manner.privileged, network)),
        networking_config: Some(NetworkingConfig {
            endpoints_config: Some(HashMap::from([(network.reference.clone(), endpoint)])),
        }),
        ..ContainerCreateBody::default()
    }
}

fn host_config(gateway: &GatewayName, spec: &Spec, privileged: bool, network: &NetworkInUse) -> HostConfig {
    let mut ports = HashMap::from([(format!("{NODE_PORT}/tcp"), binding(spec.bind, spec.port))]);
    if let Some(port) = spec.api_port {
        ports.insert(format!("{API_PORT}/tcp"), binding(API_BIND, port));
    }
    let mut config = HostConfig {
        binds: Some(
            std::iter::once(format!("{}:{VOLUME_PATH}", gateway.resource()))
                .chain(spec.mounts.iter().cloned())
                .collect(),
        ),
        port_bindings: Some(ports),
        network_mode: Some(network.reference.clone()),
        extra_hosts: Some(
            HOST_NAMES
                .iter()
                .map(|name| format!("{name}:host-gateway"))
                .chain(spec.extra_hosts.iter().cloned())
                .collect(),
        ),
        dns: (!spec.dns.is_empty()).then(|| spec.dns.iter().map(ToString::to_string).collect()),
        device_requests: spec.gpu.then(|| vec![all_gpus()]),
        cgroupns_mode: Some(HostConfigCgroupnsModeEnum::HOST),
        restart_policy: Some(RestartPolicy {
            name: Some(RestartPolicyNameEnum::UNLESS_STOPPED),
            maximum_retry_count: None,
        }),
        tmpfs: Some(HashMap::from([("/run".to_owned(), String::new())])),
        privileged: Some(privileged),
        ..HostConfig::default()
    };
    if !privileged {
        let binds = config.binds.get_or_insert_default();
        binds.push("/sys/fs/cgroup:/sys/fs/cgroup:rw".to_owned());
        config.cap_add = Some(CAPABILITIES.map(str::to_owned).to_vec());
        config.security_opt = Some(vec!["seccomp=unconfined".into(), "apparmor=unconfined".into()]);
        // Empty lists, not absent ones: what `systempaths=unconfined` of the docker command line means.
        config.masked_paths = Some(Vec::new());
        config.readonly_paths = Some(Vec::new());
        config.device_cgroup_rules = Some(vec!["a *:* rwm".into()]);
    }
    config
}

/// What `docker run --gpus all` asks for.
fn all_gpus() -> DeviceRequest {
    DeviceRequest {
        count: Some(-1),
        capabilities: Some(vec![vec!["gpu".to_owned()]]),
        ..DeviceRequest::default()
    }
}

fn binding(address: IpAddr, port: u16) -> Option<Vec<PortBinding>> {
    Some(vec![PortBinding {
        host_ip: Some(address.to_string()),
        host_port: Some(port.to_string()),
    }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::act::environment::carried_environment;

    fn body(spec: &Spec, privileged: bool, carried: &[String]) -> serde_json::Value {
        let network = NetworkInUse {
            reference: "openshell-cluster-g".into(),
            id: "1".into(),
            pinned: Some("10.87.1.2".parse().unwrap()),
        };
        let manner = Manner {
            privileged,
            plain_k3s: false,
        };
        let body = create_body(&"g".parse().unwrap(), spec, "i", manner, &network, carried);
        serde_json::to_value(body).unwrap()
    }

    fn spec() -> Spec {
        Spec::parse(br#"{"image":"r.example/a/cluster:1","node_name":"n","port":9000,"api_port":16443,"gateway_host":"far","tls_sans":["san"]}"#)
            .unwrap()
    }

    #[test]
    fn is_what_other_tools_expect_of_a_gateway() {
        let body = body(&spec(), true, &[]);
        assert_eq!(body["Hostname"], "n");
        assert_eq!(
            body["Cmd"],
            serde_json::json!([
                "server",
                "--disable=traefik",
                "--tls-san=127.0.0.1",
                "--tls-san=localhost",
                "--tls-san=host.docker.internal",
                "--tls-san=san",
                "--tls-san=far"
            ])
        );
        let environment: Vec<&str> = body["Env"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e.as_str().unwrap())
            .collect();
        for entry in [
            "REGISTRY_MODE=external",
            "REGISTRY_HOST=r.example",
            "IMAGE_REPO_BASE=r.example/a",
            "IMAGE_TAG=1",
            "OPENSHELL_NODE_NAME=n",
            "EXTRA_SANS=san,far",
            "SSH_GATEWAY_HOST=far",
            "SSH_GATEWAY_PORT=9000",
        ] {
            assert!(environment.contains(&entry), "{entry}: {environment:?}");
        }
        let host = &body["HostConfig"];
        assert_eq!(
            host["Binds"],
            serde_json::json!(["openshell-cluster-g:/var/lib/rancher/k3s"])
        );
        assert_eq!(
            host["PortBindings"]["30051/tcp"][0],
            serde_json::json!({"HostIp": "127.0.0.1", "HostPort": "9000"})
        );
        assert_eq!(host["PortBindings"]["6443/tcp"][0]["HostPort"], "16443");
        assert_eq!(host["RestartPolicy"]["Name"], "unless-stopped");
        assert_eq!(
            (&host["CgroupnsMode"], &host["Privileged"]),
            (&"host".into(), &true.into())
        );
        assert_eq!(host["ExtraHosts"][0], "host.docker.internal:host-gateway");
        let endpoint = &body["NetworkingConfig"]["EndpointsConfig"]["openshell-cluster-g"];
        assert_eq!(endpoint["IPAMConfig"]["IPv4Address"], "10.87.1.2");
        let label = body["Labels"][SPEC_LABEL].as_str().unwrap();
        assert_eq!(Spec::parse(label.as_bytes()).unwrap(), spec());
    }

    #[test]
    fn every_further_setting_reaches_docker() {
        let mut spec = spec();
        spec.gpu = true;
        spec.registry.endpoint = Some("http://r:5000".into());
        spec.registry.push_image_refs = vec!["a".into(), "b".into()];
        spec.extra_hosts = vec!["db:192.0.2.1".into()];
        spec.mounts = vec!["/certs:/certs:ro".into()];
        spec.environment = vec!["X=1".into()];
        spec.dns = vec!["192.0.2.53".parse().unwrap()];
        spec.proxies.https = Some("http://proxy:3128".into());
        spec.proxies.no_proxy = Some("example".into());
        spec.k3s_args = vec!["--flannel-backend=host-gw".into()];
        let body = body(&spec, true, &[]);
        let host = &body["HostConfig"];
        assert_eq!(
            host["DeviceRequests"][0]["Capabilities"],
            serde_json::json!([["gpu"]])
        );
        assert_eq!(
            (&host["ExtraHosts"][2], &host["Binds"][1]),
            (&"db:192.0.2.1".into(), &"/certs:/certs:ro".into())
        );
        assert_eq!(
            (&host["Dns"][0], &body["Cmd"][7]),
            (&"192.0.2.53".into(), &"--flannel-backend=host-gw".into())
        );
        let environment = body["Env"].to_string();
        for entry in [
            "GPU_ENABLED=true",
            "REGISTRY_ENDPOINT=http://r:5000",
            "PUSH_IMAGE_REFS=a,b",
            "X=1",
            "HTTPS_PROXY=http://proxy:3128",
            "NO_PROXY=example,127.0.0.0/8",
        ] {
            assert!(environment.contains(entry), "{entry}: {environment}");
        }
    }

    #[test]
    fn the_capability_form_masks_nothing_by_empty_lists() {
        let body = body(&spec(), false, &[]);
        let host = &body["HostConfig"];
        assert_eq!(
            (&host["MaskedPaths"], &host["ReadonlyPaths"]),
            (&serde_json::json!([]), &serde_json::json!([]))
        );
        assert_eq!(
            (&host["Privileged"], host["CapAdd"].as_array().unwrap().len()),
            (&false.into(), 14)
        );
        assert_eq!(host["DeviceCgroupRules"], serde_json::json!(["a *:* rwm"]));
        assert!(
            host["Binds"]
                .as_array()
                .unwrap()
                .contains(&"/sys/fs/cgroup:/sys/fs/cgroup:rw".into())
        );
    }

    #[test]
    fn carries_what_somebody_gave_the_former_container_and_nothing_that_is_decided() {
        let former = [
            "PATH=/bin",
            "REGISTRY_USERNAME=u",
            "DISABLE_TLS=true",
            "IMAGE_TAG=old",
        ]
        .map(str::to_owned);
        let own = ["PATH=/bin".to_owned()];
        let carried = carried_environment(&former, &own, &spec(), false);
        assert_eq!(carried, ["REGISTRY_USERNAME=u", "IMAGE_TAG=old"]);
        let made = body(&spec(), true, &carried);
        let environment: Vec<&str> = made["Env"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e.as_str().unwrap())
            .collect();
        assert!(environment.contains(&"REGISTRY_USERNAME=u") && environment.contains(&"IMAGE_TAG=old"));
        let tags = environment
            .iter()
            .filter(|entry| entry.starts_with("IMAGE_TAG="))
            .count();
        assert_eq!(tags, 1, "{environment:?}");
        assert_eq!(
            carried_environment(&former, &own, &spec(), true),
            ["REGISTRY_USERNAME=u"]
        );
    }
}
