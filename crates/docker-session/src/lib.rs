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

use contract::{Exit, Reason};

/// Docker does not answer: no socket, nothing listens, or the connection broke.
pub const DOCKER_UNREACHABLE: Reason = Reason::new(
    "docker_unreachable",
    Exit::Unavailable,
    "Docker does not answer: no socket, nothing listens, or the connection broke",
);
/// Docker speaks no version of its API from 1.41 on.
pub const DOCKER_TOO_OLD: Reason = Reason::new(
    "docker_too_old",
    Exit::Unavailable,
    "Docker speaks no version of its API from 1.41 on",
);
/// The user may not use Docker's socket.
pub const DOCKER_PERMISSION: Reason = Reason::new(
    "docker_permission",
    Exit::Permission,
    "the user may not use Docker's socket",
);
/// The Docker that is meant cannot be told or is of an unknown kind.
pub const DOCKER_HOST_INVALID: Reason = Reason::new(
    "docker_host_invalid",
    Exit::Configuration,
    "the Docker that is meant cannot be told or is of an unknown kind",
);
/// Something of that name was made or removed at the same moment.
pub const DOCKER_CONFLICT: Reason = Reason::new(
    "docker_conflict",
    Exit::Retry,
    "something of that name was made or removed at the same moment",
);
/// Docker refused a request, with its own message.
pub const DOCKER_ERROR: Reason = Reason::new(
    "docker_error",
    Exit::Failed,
    "Docker refused a request, with its own message",
);

/// Reasons that this crate's failures carry, for a tool's help.
pub const REASONS: &[Reason] = &[
    DOCKER_UNREACHABLE,
    DOCKER_TOO_OLD,
    DOCKER_PERMISSION,
    DOCKER_HOST_INVALID,
    DOCKER_CONFLICT,
    DOCKER_ERROR,
];
