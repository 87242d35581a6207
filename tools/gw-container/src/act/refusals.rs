//! Why Docker refuses to start a container, read from its words: it has no other way to tell.

use bollard::errors::Error;
use contract::Failure;
use docker_session::docker_failure;

use crate::reasons::{GPU_UNAVAILABLE, NETWORK_AMBIGUOUS, PORT_TAKEN, START_FAILED};

/// The runtime's words where a machine cannot give all capabilities.
pub fn is_about_privileges(error: &Error) -> bool {
    let text = error.to_string();
    ["unable to apply caps", "bounding set", "operation not permitted"]
        .iter()
        .any(|words| text.contains(words))
}

/// Docker's words where an address that a container is fixed to belongs to another, or where its network has no place for it.
pub fn is_about_address(error: &Error) -> bool {
    let text = error.to_string();
    let words = [
        "Address already in use",
        "user specified IP address is supported only when",
        "no configured subnet or ip-range contain",
        "failed to allocate all requested IPs",
    ];
    words.iter().any(|words| text.contains(words))
}

/// Docker's words, and its port forwarder's, where a port of the host is taken.
const TAKEN: [&str; 2] = ["port is already allocated", "address already in use"];

/// Is it this port of the host that is taken?
pub fn is_about_port(error: &Error, port: u16) -> bool {
    let text = error.to_string();
    let names_port = [format!(":{port} "), format!(":{port}:")];
    TAKEN.iter().any(|words| text.contains(words)) && names_port.iter().any(|words| text.contains(words))
}

/// Why a container does not start.
pub fn start_failure(name: &str, error: &Error) -> Failure {
    let Error::DockerResponseServerError { message, .. } = error else {
        return docker_failure(&format!("start container {name}"), error);
    };
    if TAKEN.iter().any(|words| message.contains(words)) {
        return PORT_TAKEN.failure(
            format!("cannot start container {name}: {}", message.trim()),
            "end what has the port, or choose another: --port PORT",
        );
    }
    if message.contains("is ambiguous") {
        return NETWORK_AMBIGUOUS.failure(format!(
                "cannot start container {name}: several networks have its network's name, and other containers are on them"
            ),
            format!(
                "see them, and remove what is on those that are not the gateway's: docker network ls --filter name={name}"
            ),
        );
    }
    if message.contains("could not select device driver") {
        return GPU_UNAVAILABLE.failure(
            format!(
                "container {name} asks for GPUs, and Docker has none to hand on: {}",
                message.trim()
            ),
            "install the NVIDIA Container Toolkit, or start without: --no-gpu",
        );
    }
    START_FAILED.failure(
        format!("Docker cannot start container {name}: {}", message.trim()),
        "see Docker's own log, such as: journalctl -u docker",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dockers_refusals_are_told_apart() {
        let refused = |message: &str| Error::DockerResponseServerError {
            status_code: 500,
            message: message.to_owned(),
        };
        let allocated = refused(
            "driver failed programming external connectivity on endpoint n (1): Bind for 127.0.0.1:16443 failed: port is already allocated",
        );
        let in_use = refused(
            "Error starting userland proxy: listen tcp4 127.0.0.1:16443: bind: address already in use",
        );
        for error in [&allocated, &in_use] {
            assert!(
                is_about_port(error, 16443) && !is_about_port(error, 6443) && !is_about_privileges(error)
            );
            assert_eq!(start_failure("n", error).reason, "port_taken");
        }
        let address = refused("Address already in use");
        assert!(is_about_address(&address) && !is_about_port(&address, 16443));
        assert!(!is_about_address(&in_use) && !is_about_address(&allocated));
        let caps =
            refused("OCI runtime create failed: unable to apply caps: operation not permitted: unknown");
        assert!(is_about_privileges(&caps) && !is_about_port(&caps, 16443));
        assert_eq!(start_failure("n", &caps).reason, "start_failed");
        assert_eq!(
            start_failure("n", &Error::RequestTimeoutError).reason,
            "docker_unreachable"
        );
    }
}
