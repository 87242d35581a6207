//! Where a gateway's API is, for Docker's machine and for this host.

use contract::Failure;
use docker_session::DockerHost;
use gateway_facts::Container;
use gateway_names::API_PORT;
use gateway_work::Work;

use crate::API_UNREACHABLE;
use crate::kubeconfig_text::port_at;
use crate::port::{API_BIND, api_ports, is_free_here};

/// The API as Docker's machine reaches it: the published port, else the container's own address. `None` where there is neither.
pub fn api_of(container: &Container) -> Option<(String, u16)> {
    if let Some(published) = container.api_port.filter(|published| published.port != 0) {
        return Some((API_BIND.to_string(), published.port));
    }
    let address = container.attachments.iter().find_map(|at| at.address)?;
    Some((address.to_string(), API_PORT))
}

/// The API's address for this host. For a Docker behind ssh it is where `gw-node tunnel` listens. `None` where this host
/// cannot reach it.
pub fn server_of(work: &Work, container: &Container) -> Result<Option<String>, Failure> {
    let Some((host, port)) = api_of(container) else {
        return Ok(None);
    };
    Ok(match work.session.host() {
        DockerHost::Unix(_) => Some(format!("https://{host}:{port}")),
        DockerHost::Ssh(_) => Some(tunnel_server(work, port)?),
        DockerHost::Tcp(_) | DockerHost::Tls(..) => None,
    })
}

/// The API's address for this host while the tunnel runs.
fn tunnel_server(work: &Work, port: u16) -> Result<String, Failure> {
    Ok(format!("https://{API_BIND}:{}", local_port(work, port)?))
}

/// The port of this host on which a tunnel listens: the one that the kubeconfig names; else the number that the API has on Docker's machine, where that is
/// free here; else another of those for APIs.
pub fn local_port(work: &Work, port: u16) -> Result<u16, Failure> {
    let kubeconfig = work.folder.read_private("kubeconfig")?;
    let kept = kubeconfig.and_then(|text| port_at(&text, API_BIND));
    let mut free = std::iter::once(port)
        .chain(api_ports(work.gateway.as_str()))
        .filter(|port| is_free_here(*port));
    Ok(kept.or_else(|| free.next()).unwrap_or(port))
}

/// The failure where this host cannot reach the API.
pub fn unreachable(container: &Container) -> Failure {
    API_UNREACHABLE.failure(
        format!(
            "the API of container {} is published nowhere that this host reaches",
            container.name
        ),
        "start the container, and reach its Docker by ssh: --docker-host ssh://HOST",
    )
}
