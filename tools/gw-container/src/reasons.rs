//! Every reason of a failure, for the help text.

use contract::Reason;

const OWN: &[Reason] = &[
    Reason::new(
        "image_not_given",
        "no cluster image is named, and none is persisted",
    ),
    Reason::new("image_missing", "Docker does not have the cluster image"),
    Reason::new(
        "port_taken",
        "a container or a process already has the gateway's port",
    ),
    Reason::new(
        "bind_unavailable",
        "this machine does not have the address of --bind",
    ),
    Reason::new(
        "foreign_container",
        "a container that is no gateway has the gateway's name",
    ),
    Reason::new("spec_invalid", "the persisted specification cannot be read"),
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
    Reason::new(
        "journal_invalid",
        "the journal of a killed replacement cannot be read",
    ),
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
    Reason::new("restore_incomplete", "a restore of the volume did not end"),
    Reason::new("node_command_failed", "a command inside the container failed"),
    Reason::new("source_unreadable", "the file to copy could not be read"),
    Reason::new("spool_failed", "there is no room to keep images for a moment"),
    Reason::new(
        "kubeconfig_locked",
        "another program is changing the kubeconfig file",
    ),
    Reason::new("no_subnet", "every subnet for the gateway's network is in use"),
    Reason::new("no_api_port", "no port of 127.0.0.1 is free for the API"),
    Reason::new("start_failed", "Docker could not start the container"),
    Reason::new("container_exited", "the container ended while it was waited for"),
    Reason::new("no_container", "the gateway has no container"),
    Reason::new("not_running", "the gateway's container does not run"),
    Reason::new(
        "kubeconfig_invalid",
        "the container's kubeconfig is not understood",
    ),
    Reason::new(
        "api_unreachable",
        "the gateway's API is published nowhere that this host reaches",
    ),
    Reason::new(
        "tunnel_port_taken",
        "the port that the kubeconfig names for the tunnel is taken",
    ),
    Reason::new("tunnel_failed", "the tunnel takes no further connections"),
];

/// The tool's own reasons and those of the crates it works with, in the order of the help.
pub const ALL: &[&[Reason]] = &[OWN, docker_session::REASONS, client_files::REASONS];
