//! Every reason of a failure, for the help text.

use client_state::SPEC_INVALID;
use contract::Reason;
use docker_images::IMAGE_NOT_GIVEN;
use gateway_work::FOREIGN_CONTAINER;

const OWN: &[Reason] = &[
    Reason::new("no_volume", "the gateway has no volume"),
    Reason::new("backup_failed", "the backup could not be written"),
    Reason::new("backup_unreadable", "the file of a backup could not be read"),
    Reason::new(
        "backup_invalid",
        "the file is no whole backup: it was cut off or altered",
    ),
    Reason::new(
        "gateway_exists",
        "a restore would replace a gateway, and --yes is not given",
    ),
    FOREIGN_CONTAINER,
    IMAGE_NOT_GIVEN,
    SPEC_INVALID,
];

/// The tool's own reasons and those of the crates it works with, in the order of the help.
pub const ALL: &[&[Reason]] = &[OWN, docker_session::REASONS, client_files::REASONS];
