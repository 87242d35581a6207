//! The command line of the real program, without a cluster.

use tool_document::contract::Contract;

const CHART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../helm/openshell");

const TOOL: Contract = Contract {
    program: env!("CARGO_BIN_EXE_gw-release"),
    schema: include_str!("../schema.json"),
    verbs: &["choose", "facts", "recall", "plan", "apply", "remove", "rollback"],
    wrong: &[
        &["unknown"],
        &[],
        &["apply", "--unknown"],
        &["apply", "--lock-fd", "x"],
        &["remove", "--chart", "c"],
        &["facts", "--chart", "/no/such/chart"],
        &["facts", "--chart", "/etc"],
        &["facts", "--chart", "/etc/hostname"],
        &["facts", "--chart", CHART, "--values", "/no/such/file"],
        &["facts", "--chart", CHART, "--set-from", "/no/such/file"],
    ],
    reasons: &[
        "missing_helm",
        "chart_pull_failed",
        "chart_invalid",
        "no_chart",
        "no_workload",
        "release_pending",
        "release_failed",
        "release_of_others",
        "no_node_port",
        "release_invalid",
        "nothing_to_go_back_to",
        "uninstall_failed",
        "kept_invalid",
        "files_failed",
        "base_values_invalid",
        "locked",
        "api_unreachable",
    ],
    on_gateway: &[
        &["choose"],
        &["facts"],
        &["recall"],
        &["plan"],
        &["apply"],
        &["remove"],
        &["rollback"],
    ],
    on_docker: &[],
    on_kubernetes: &[&["plan", "--chart", CHART], &["remove"], &["rollback"]],
};

tool_document::contract_tests!(TOOL);
