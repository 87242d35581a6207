//! Every reason of a failure, for the help text.

use contract::{Exit, Reason};

/// The client's TLS material is missing or wrong.
pub const BUNDLE_INVALID: Reason = Reason::new(
    "bundle_invalid",
    Exit::Configuration,
    "the client's TLS material is missing or wrong",
);
/// The server refuses the client, whose certificate has expired.
pub const CLIENT_CERTIFICATE_EXPIRED: Reason = Reason::new(
    "client_certificate_expired",
    Exit::Configuration,
    "the server refuses the client, whose certificate has expired",
);
/// The namespace is being deleted.
pub const NAMESPACE_TERMINATING: Reason = Reason::new(
    "namespace_terminating",
    Exit::Failed,
    "the namespace is being deleted",
);
/// --abort-on: an image cannot be pulled.
pub const IMAGE_PULL_BACK_OFF: Reason = Reason::new(
    "image_pull_back_off",
    Exit::Failed,
    "--abort-on: an image cannot be pulled",
);
/// --abort-on: a container ends again and again.
pub const CRASH_LOOP_BACK_OFF: Reason = Reason::new(
    "crash_loop_back_off",
    Exit::Failed,
    "--abort-on: a container ends again and again",
);
/// A container ended while it was waited for.
pub const CONTAINER_EXITED: Reason = Reason::new(
    "container_exited",
    Exit::Failed,
    "a container ended while it was waited for",
);
/// --abort-on: the gateway's container ended, or is gone.
pub const GATEWAY_EXITED: Reason = Reason::new(
    "gateway_exited",
    Exit::Failed,
    "--abort-on: the gateway's container ended, or is gone",
);
/// Exited: the process of --pid is not there.
pub const PROCESS_GONE: Reason = Reason::new(
    "process_gone",
    Exit::Failed,
    "exited: the process of --pid is not there",
);
/// --abort-on: a node reports pressure.
pub const NODE_PRESSURE: Reason = Reason::new(
    "node_pressure",
    Exit::Failed,
    "--abort-on: a node reports pressure",
);
/// The sandbox's token cannot be read.
pub const TOKEN_INVALID: Reason = Reason::new(
    "token_invalid",
    Exit::Configuration,
    "the sandbox's token cannot be read",
);
/// The gateway refuses the sandbox's token (401).
pub const TOKEN_REFUSED: Reason = Reason::new(
    "token_refused",
    Exit::Permission,
    "the gateway refuses the sandbox's token (401)",
);
/// The gateway knows no such sandbox (404).
pub const NO_SANDBOX: Reason = Reason::new(
    "no_sandbox",
    Exit::Failed,
    "the gateway knows no such sandbox (404)",
);
/// The sandbox has as many tunnels as it may have (429).
pub const TOO_MANY_TUNNELS: Reason = Reason::new(
    "too_many_tunnels",
    Exit::Retry,
    "the sandbox has as many tunnels as it may have (429)",
);
/// The sandbox is ready, and cannot be reached or refuses the gateway (502).
pub const SANDBOX_UNREACHABLE: Reason = Reason::new(
    "sandbox_unreachable",
    Exit::Failed,
    "the sandbox is ready, and cannot be reached or refuses the gateway (502)",
);
/// The tunnel was closed at once.
pub const HANDSHAKE_REFUSED: Reason =
    Reason::new("handshake_refused", Exit::Failed, "the tunnel was closed at once");
/// --ssh: something else than an SSH server answers through the tunnel.
pub const NO_SSH: Reason = Reason::new(
    "no_ssh",
    Exit::Failed,
    "--ssh: something else than an SSH server answers through the tunnel",
);
/// Sandboxes: some that are to run are not ready within --timeout.
pub const SANDBOXES_NOT_READY: Reason = Reason::new(
    "sandboxes_not_ready",
    Exit::TimedOut,
    "sandboxes: some that are to run are not ready within --timeout",
);
/// The answer to CONNECT is none that a gateway gives.
pub const UNEXPECTED_STATUS: Reason = Reason::new(
    "unexpected_status",
    Exit::Failed,
    "the answer to CONNECT is none that a gateway gives",
);

const OWN: &[Reason] = &[
    BUNDLE_INVALID,
    CLIENT_CERTIFICATE_EXPIRED,
    NAMESPACE_TERMINATING,
    IMAGE_PULL_BACK_OFF,
    CRASH_LOOP_BACK_OFF,
    CONTAINER_EXITED,
    GATEWAY_EXITED,
    PROCESS_GONE,
    NODE_PRESSURE,
    TOKEN_INVALID,
    TOKEN_REFUSED,
    NO_SANDBOX,
    TOO_MANY_TUNNELS,
    SANDBOX_UNREACHABLE,
    HANDSHAKE_REFUSED,
    NO_SSH,
    SANDBOXES_NOT_READY,
    UNEXPECTED_STATUS,
];

/// The tool's own reasons and those of the crates it works with, in the order of the help.
pub const ALL: &[&[Reason]] = &[
    OWN,
    kube_session::REASONS,
    docker_session::REASONS,
    client_files::REASONS,
];
