//! Every reason of a failure, for the help text.

use client_state::SPEC_INVALID;
use contract::{Exit, Reason};
use docker_images::{IMAGE_MISSING, IMAGE_NOT_GIVEN};
use gateway_work::{FOREIGN_CONTAINER, NO_CONTAINER, NOT_RUNNING};
use replacement_journal::JOURNAL_INVALID;

/// A container or a process has the port already.
pub const PORT_TAKEN: Reason = Reason::new(
    "port_taken",
    Exit::Failed,
    "a container or a process has the port already",
);
/// Clients of this host know the gateway, and this Docker has nothing of it.
pub const VOLUME_MISSING: Reason = Reason::new(
    "volume_missing",
    Exit::Failed,
    "clients of this host know the gateway, and this Docker has nothing of it",
);
/// This machine does not have the address of --bind.
pub const BIND_UNAVAILABLE: Reason = Reason::new(
    "bind_unavailable",
    Exit::Failed,
    "this machine does not have the address of --bind",
);
/// The image has another datastore or an older Kubernetes than the volume, or does not say.
pub const VOLUME_IMAGE_MISMATCH: Reason = Reason::new(
    "volume_image_mismatch",
    Exit::Configuration,
    "the image has another datastore or an older Kubernetes than the volume, or does not say",
);
/// The image's Kubernetes is more than one minor version newer than the volume's.
pub const VOLUME_TOO_OLD: Reason = Reason::new(
    "volume_too_old",
    Exit::Configuration,
    "the image's Kubernetes is more than one minor version newer than the volume's",
);
/// The cluster image could not be pulled.
pub const IMAGE_PULL_FAILED: Reason = Reason::new(
    "image_pull_failed",
    Exit::Failed,
    "the cluster image could not be pulled",
);
/// Several networks have the gateway's name, and other containers are on them.
pub const NETWORK_AMBIGUOUS: Reason = Reason::new(
    "network_ambiguous",
    Exit::Failed,
    "several networks have the gateway's name, and other containers are on them",
);
/// Docker has no GPUs to hand on.
pub const GPU_UNAVAILABLE: Reason =
    Reason::new("gpu_unavailable", Exit::Failed, "Docker has no GPUs to hand on");
/// The file of --registry-password-file has no password.
pub const REGISTRY_PASSWORD_UNREADABLE: Reason = Reason::new(
    "registry_password_unreadable",
    Exit::Configuration,
    "the file of --registry-password-file has no password",
);
/// A restore of the volume did not end.
pub const RESTORE_INCOMPLETE: Reason = Reason::new(
    "restore_incomplete",
    Exit::Configuration,
    "a restore of the volume did not end",
);
/// Every subnet for the gateway's network is in use.
pub const NO_SUBNET: Reason = Reason::new(
    "no_subnet",
    Exit::Failed,
    "every subnet for the gateway's network is in use",
);
/// No port of 127.0.0.1 is free for the API.
pub const NO_API_PORT: Reason = Reason::new(
    "no_api_port",
    Exit::Failed,
    "no port of 127.0.0.1 is free for the API",
);
/// Docker could not start the container.
pub const START_FAILED: Reason = Reason::new(
    "start_failed",
    Exit::Failed,
    "Docker could not start the container",
);

const OWN: &[Reason] = &[
    IMAGE_NOT_GIVEN,
    IMAGE_MISSING,
    PORT_TAKEN,
    VOLUME_MISSING,
    BIND_UNAVAILABLE,
    FOREIGN_CONTAINER,
    SPEC_INVALID,
    VOLUME_IMAGE_MISMATCH,
    VOLUME_TOO_OLD,
    IMAGE_PULL_FAILED,
    NETWORK_AMBIGUOUS,
    GPU_UNAVAILABLE,
    REGISTRY_PASSWORD_UNREADABLE,
    JOURNAL_INVALID,
    RESTORE_INCOMPLETE,
    NO_SUBNET,
    NO_API_PORT,
    START_FAILED,
    NO_CONTAINER,
    NOT_RUNNING,
];

/// The tool's own reasons and those of the crates it works with, in the order of the help.
pub const ALL: &[&[Reason]] = &[
    OWN,
    api_access::REASONS,
    docker_session::REASONS,
    client_files::REASONS,
];
