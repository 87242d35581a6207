//! The command line of the real program, without Docker.

use tool_document::contract::Contract;
const TOOL: Contract = Contract {
    program: env!("CARGO_BIN_EXE_gw-backup"),
    schema: include_str!("../schema.json"),
    verbs: &["create", "restore"],
    wrong: &[
        &["no-such-verb"],
        &[],
        &["create"],
        &["create", "f", "g"],
        &["create", "f", "--grace", "soon"],
        &["create", "f", "--lock-fd", "x"],
        &["restore"],
        &["restore", "a", "b"],
        &["restore", "f", "--docker-host", "ssh://-host"],
    ],
    reasons: &[
        "no_volume",
        "backup_failed",
        "backup_unreadable",
        "backup_invalid",
        "gateway_exists",
        "foreign_container",
        "image_not_given",
        "spec_invalid",
        "docker_unreachable",
        "docker_permission",
        "docker_host_invalid",
        "docker_conflict",
        "docker_error",
        "docker_too_old",
        "no_home",
        "client_files_failed",
        "client_files_permission",
        "metadata_invalid",
        "locked",
        "lock_fd_invalid",
    ],
    on_gateway: &[&["create", "f"], &["restore", "f"]],
    on_docker: &[&["create", "f"], &["restore", "f"]],
    on_kubernetes: &[],
};

tool_document::contract_tests!(TOOL);
