//! Every reason of a failure, for the help text.

use client_state::SPEC_INVALID;
use contract::{Exit, Reason};
use docker_images::IMAGE_NOT_GIVEN;
use gateway_work::FOREIGN_CONTAINER;

/// The gateway has no volume.
pub const NO_VOLUME: Reason = Reason::new("no_volume", Exit::Failed, "the gateway has no volume");
/// The backup could not be written.
pub const BACKUP_FAILED: Reason =
    Reason::new("backup_failed", Exit::Failed, "the backup could not be written");
/// The file of a backup could not be read.
pub const BACKUP_UNREADABLE: Reason = Reason::new(
    "backup_unreadable",
    Exit::Failed,
    "the file of a backup could not be read",
);
/// The file is no whole backup: it was cut off or altered.
pub const BACKUP_INVALID: Reason = Reason::new(
    "backup_invalid",
    Exit::Configuration,
    "the file is no whole backup: it was cut off or altered",
);
/// There is a gateway of that name already.
pub const GATEWAY_EXISTS: Reason = Reason::new(
    "gateway_exists",
    Exit::Failed,
    "there is a gateway of that name already",
);
/// No claim or sandbox has the name that was given.
pub const NO_WORKSPACE: Reason =
    Reason::new("no_workspace", Exit::Failed, "there is no workspace of that name");
/// Several have it.
pub const WORKSPACE_AMBIGUOUS: Reason = Reason::new(
    "workspace_ambiguous",
    Exit::Failed,
    "several workspaces have that name",
);
/// Nothing is extracted over what exists.
pub const FOLDER_EXISTS: Reason =
    Reason::new("folder_exists", Exit::Failed, "the folder of --to exists already");
/// There is no room, or no right to write.
pub const EXTRACT_FAILED: Reason = Reason::new(
    "extract_failed",
    Exit::Failed,
    "a workspace could not be extracted",
);

const OWN: &[Reason] = &[
    NO_VOLUME,
    BACKUP_FAILED,
    BACKUP_UNREADABLE,
    BACKUP_INVALID,
    GATEWAY_EXISTS,
    NO_WORKSPACE,
    WORKSPACE_AMBIGUOUS,
    FOLDER_EXISTS,
    EXTRACT_FAILED,
    FOREIGN_CONTAINER,
    IMAGE_NOT_GIVEN,
    SPEC_INVALID,
];

/// The tool's own reasons and those of the crates it works with, in the order of the help.
pub const ALL: &[&[Reason]] = &[OWN, docker_session::REASONS, client_files::REASONS];
