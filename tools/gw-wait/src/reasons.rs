//! Every reason of a failure, for the help text.

use contract::Reason;

const OWN: &[Reason] = &[
    Reason::new(
        "bundle_invalid",
        "a file of the client's TLS material is missing or wrong",
    ),
    Reason::new(
        "client_certificate_expired",
        "the server refuses the client, whose certificate has expired",
    ),
    Reason::new("namespace_terminating", "the namespace is being deleted"),
    Reason::new("image_pull_back_off", "--abort-on: an image cannot be pulled"),
    Reason::new(
        "crash_loop_back_off",
        "--abort-on: a container ends again and again",
    ),
    Reason::new("container_exited", "--abort-on: a container of a pod ended"),
    Reason::new(
        "gateway_exited",
        "--abort-on: the gateway's container ended, or is gone",
    ),
    Reason::new("node_pressure", "--abort-on: a node reports pressure"),
    Reason::new("token_invalid", "the sandbox's token cannot be read"),
    Reason::new("token_refused", "the gateway refuses the sandbox's token (401)"),
    Reason::new("no_sandbox", "the gateway knows no such sandbox (404)"),
    Reason::new(
        "too_many_tunnels",
        "the sandbox has as many tunnels as it may have (429)",
    ),
    Reason::new(
        "sandbox_unreachable",
        "the sandbox is ready, and cannot be reached or refuses the gateway (502)",
    ),
    Reason::new("handshake_refused", "the tunnel was closed at once"),
    Reason::new(
        "no_ssh",
        "--ssh: something else than an SSH server answers through the tunnel",
    ),
    Reason::new(
        "sandboxes_not_ready",
        "sandboxes: some that are to run are not ready within --timeout",
    ),
    Reason::new(
        "unexpected_status",
        "the answer to CONNECT is none that a gateway gives",
    ),
];

/// The tool's own reasons and those of the crates it works with, in the order of the help.
pub const ALL: &[&[Reason]] = &[
    OWN,
    kube_session::REASONS,
    docker_session::REASONS,
    client_files::REASONS,
];
