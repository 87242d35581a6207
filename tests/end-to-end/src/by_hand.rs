//! Containers of the cluster image that no tool started.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::driver::own_image;
use crate::gateway::{docker, free_port, random_name};

/// What the default image needs beside Docker's own capabilities.
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

/// Starts one as another tool does: `name` is the name of container, network and volume, without labels; one port of the container
/// is published on 127.0.0.1, as HOST:CONTAINER.
///
/// # Panics
/// Where Docker does not.
pub fn run_by_hand(name: &str, node: &str, published: &str, arguments: &[&str]) {
    docker(&["network", "create", name]);
    let volume = format!("{name}:/var/lib/rancher/k3s");
    let published = format!("127.0.0.1:{published}");
    let (of_node, image) = (format!("OPENSHELL_NODE_NAME={node}"), own_image());
    let mut words = vec![
        "run",
        "--detach",
        "--name",
        name,
        "--network",
        name,
        "--hostname",
        node,
        "--volume",
        &volume,
        "--publish",
        &published,
        "--env",
        "REGISTRY_MODE=external",
        "--env",
        &of_node,
        "--restart",
        "unless-stopped",
        "--cgroupns",
        "host",
        "--volume",
        "/sys/fs/cgroup:/sys/fs/cgroup:rw",
        "--tmpfs",
        "/run",
        "--stop-timeout",
        "30",
        "--security-opt",
        "seccomp=unconfined",
        "--security-opt",
        "apparmor=unconfined",
        "--security-opt",
        "systempaths=unconfined",
        "--device-cgroup-rule",
        "a *:* rwm",
        "--add-host",
        "host.docker.internal:host-gateway",
    ];
    for capability in &CAPABILITIES {
        words.extend(["--cap-add", *capability]);
    }
    words.extend([&*image, "server", "--disable=traefik", "--tls-san=127.0.0.1"]);
    words.extend(arguments);
    docker(&words);
}

/// A file of values that name the images which the cluster image brings.
///
/// # Panics
/// Where the image has none.
pub fn image_values(folder: &Path) -> PathBuf {
    let image = own_image();
    let cat = ["run", "--rm", "--network", "none", "--entrypoint", "cat", &image];
    let file = folder.join("images.json");
    let values = docker(&[&cat[..], &["/opt/openshell/chart/values.json"]].concat());
    std::fs::write(&file, values).expect("a file");
    file
}

/// A Kubernetes cluster of somebody's, without a gateway: nothing but its kubeconfig is known of it. Dropping it removes it.
#[derive(Debug)]
pub struct ForeignCluster {
    name: String,
    port: u16,
}

impl ForeignCluster {
    /// One whose API is on its way.
    ///
    /// # Panics
    /// Where Docker does not start it.
    pub fn started() -> Self {
        let cluster = Self {
            name: random_name(),
            port: free_port(),
        };
        let published = format!("{}:6443", cluster.port);
        run_by_hand(
            &cluster.name,
            "somebodys-node",
            &published,
            &["--disable=openshell"],
        );
        cluster
    }

    /// The name of its container.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address of its node, which this machine reaches.
    ///
    /// # Panics
    /// Where Docker does not know it.
    pub fn address(&self) -> String {
        let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
        docker(&["inspect", "--format", format, &self.name])
    }

    /// Writes its kubeconfig, once it has one, under this name of its context. The current context is another one.
    ///
    /// # Panics
    /// Where it has none within two minutes.
    pub fn write_kubeconfig(&self, file: &Path, context: &str) {
        let end = Instant::now() + Duration::from_secs(120);
        let text = loop {
            let read = ["exec", &self.name, "cat", "/etc/rancher/k3s/k3s.yaml"];
            let output = std::process::Command::new("docker").args(read).output();
            let output = output.expect("docker");
            if output.status.success() && output.stdout.ends_with(b"\n") {
                break String::from_utf8_lossy(&output.stdout).into_owned();
            }
            assert!(Instant::now() < end, "the cluster has no kubeconfig");
            std::thread::sleep(Duration::from_millis(200));
        };
        let text = text
            .replace("127.0.0.1:6443", &format!("127.0.0.1:{}", self.port))
            .replace("current-context: default", "current-context: elsewhere")
            .replace(
                "contexts:\n- name: default",
                &format!("contexts:\n- name: {context}"),
            );
        std::fs::write(file, text).expect("a file");
    }

    /// kubectl in it.
    ///
    /// # Panics
    /// Where kubectl fails.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        docker(&[&["exec", &self.name, "kubectl"], arguments].concat())
    }
}

impl Drop for ForeignCluster {
    fn drop(&mut self) {
        for arguments in [
            ["rm", "--force", "--volumes"],
            ["volume", "rm", "--force"],
            ["network", "rm", "--"],
        ] {
            let _ = std::process::Command::new("docker")
                .args(arguments)
                .arg(&self.name)
                .output();
        }
    }
}
