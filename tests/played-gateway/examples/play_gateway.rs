//! Plays a gateway's node in tests: writes what a node writes, listens on its port, ends on SIGTERM. It is the only
//! program of an image, so it is linked statically.

use std::fs;
use std::path::Path;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// As k3s writes it.
const KUBECONFIG: &str = "apiVersion: v1\nkind: Config\nclusters:\n- name: default\n  cluster:\n    server: https://127.0.0.1:6443\n\
    contexts:\n- name: default\n  context:\n    cluster: default\n    user: default\ncurrent-context: default\n\
    users:\n- name: default\n  user:\n    token: of-a-test\n";
/// The certificate that a test put in the image.
const CERTIFICATE: &str = "/client-kubelet.crt";
/// The volume.
const DATA: &str = "/var/lib/rancher/k3s";

fn main() -> std::io::Result<()> {
    if std::env::var_os("PLAY_EXIT").is_some() {
        eprintln!("this node cannot boot");
        std::process::exit(3);
    }
    if let Ok(words) = std::env::var("PLAY_SAYS") {
        println!("{words}");
    }
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let mut terminated = signal(SignalKind::terminate())?;
        let listener = TcpListener::bind("0.0.0.0:30051").await?;
        write_what_a_node_writes()?;
        loop {
            tokio::select! {
                _ = terminated.recv() => return Ok(()),
                accepted = listener.accept() => drop(accepted),
            }
        }
    })
}

fn write_what_a_node_writes() -> std::io::Result<()> {
    let agent = Path::new(DATA).join("agent");
    if Path::new(CERTIFICATE).exists() {
        fs::create_dir_all(&agent)?;
        fs::copy(CERTIFICATE, agent.join("client-kubelet.crt"))?;
    }
    let boots = Path::new(DATA).join("boots");
    let before = fs::read_to_string(&boots).unwrap_or_default();
    fs::write(&boots, format!("{before}boot\n"))?;
    fs::create_dir_all("/etc/rancher/k3s")?;
    fs::write("/etc/rancher/k3s/k3s.yaml", KUBECONFIG)
}
