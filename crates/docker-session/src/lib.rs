//! A connection to Docker, and its errors in the contract's words.

mod dial;
mod failure;
mod host;
mod machine;
mod session;
mod transport;

pub use dial::Stream;
pub use failure::{absent, docker_failure, is_status};
pub use host::{DockerHost, Settings, Ssh, TlsFiles};
pub use machine::Machine;
pub use session::DockerSession;

use contract::Reason;

/// Reasons that this crate's failures carry, for a tool's help.
pub const REASONS: &[Reason] = &[
    Reason::new(
        "docker_unreachable",
        "Docker does not answer: no socket, nothing listens, or the connection broke",
    ),
    Reason::new(
        "docker_too_old",
        "Docker speaks no version of its API from 1.41 on",
    ),
    Reason::new("docker_permission", "the user may not use Docker's socket"),
    Reason::new(
        "docker_host_invalid",
        "the Docker that is meant cannot be told or is of an unknown kind",
    ),
    Reason::new(
        "docker_conflict",
        "something of that name was made or removed at the same moment",
    ),
    Reason::new("docker_error", "Docker refused a request, with its own message"),
];
