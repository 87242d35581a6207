//! Every reason of a failure, for the help text.

use client_state::SPEC_INVALID;
use contract::Reason;
use docker_images::{IMAGE_MISSING, IMAGE_NOT_GIVEN};
use gateway_work::{FOREIGN_CONTAINER, NO_CONTAINER, NOT_RUNNING};
use replacement_journal::JOURNAL_INVALID;

const OWN: &[Reason] = &[
    IMAGE_NOT_GIVEN,
    IMAGE_MISSING,
    Reason::new(
        "port_taken",
        "a container or a process already has the gateway's port",
    ),
    Reason::new(
        "bind_unavailable",
        "this machine does not have the address of --bind",
    ),
    FOREIGN_CONTAINER,
    SPEC_INVALID,
    Reason::new(
        "volume_image_mismatch",
        "the image has another datastore or an older Kubernetes than the volume, or does not say",
    ),
    Reason::new(
        "volume_too_old",
        "the image's Kubernetes is more than one minor version newer than the volume's",
    ),
    Reason::new("image_pull_failed", "the cluster image could not be pulled"),
    Reason::new(
        "network_ambiguous",
        "several networks have the gateway's name, and other containers are on them",
    ),
    Reason::new("gpu_unavailable", "Docker has no GPUs to hand on"),
    Reason::new(
        "registry_password_unreadable",
        "the file of --registry-password-file has no password",
    ),
    JOURNAL_INVALID,
    Reason::new("restore_incomplete", "a restore of the volume did not end"),
    Reason::new("no_subnet", "every subnet for the gateway's network is in use"),
    Reason::new("no_api_port", "no port of 127.0.0.1 is free for the API"),
    Reason::new("start_failed", "Docker could not start the container"),
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
