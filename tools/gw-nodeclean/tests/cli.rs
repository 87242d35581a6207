//! The command line of the real program, without a cluster.

use tool_document::contract::Contract;
const TOOL: Contract = Contract {
    program: env!("CARGO_BIN_EXE_gw-nodeclean"),
    schema: include_str!("../schema.json"),
    verbs: &[],
    wrong: &[
        &["--since", "yesterday"],
        &["--grace", "40"],
        &["--container-created", "2026-01-01T00:00:00Z"],
    ],
    reasons: &[
        "no_live_node",
        "bare_pods",
        "volume_not_understood",
        "volumes_skipped",
        "volume_refused",
        "volume_not_bound",
        "journal_invalid",
        "kubeconfig_invalid",
        "api_unreachable",
        "api_error",
        "forbidden",
    ],
    on_gateway: &[],
    on_docker: &[],
    on_kubernetes: &[&["--keep", "n"]],
};

tool_document::contract_tests!(TOOL);
