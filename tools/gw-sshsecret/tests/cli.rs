//! The command line of the real program, without a cluster.

use tool_document::contract::Contract;
const TOOL: Contract = Contract {
    program: env!("CARGO_BIN_EXE_gw-sshsecret"),
    schema: include_str!("../schema.json"),
    verbs: &["check", "reconcile", "sign", "verify"],
    wrong: &[
        &["reconcile", "--unknown"],
        &["unknown"],
        &[],
        &["reconcile", "--gateway", "g"],
        &["reconcile", "--timeout", "soon"],
        &["reconcile", "--adopt", "0123456789ab"],
        &["reconcile", "--adopt=hmac-sha256:0123456789aB"],
        &["check", "--rotate"],
        &["sign", "--time", "-1"],
        &["sign", "--token-file", "-", "--secret-file", "-"],
        &["verify", "--secret-file=-"],
        &["verify", "--skew-seconds", "5m"],
    ],
    reasons: &[
        "kubeconfig_invalid",
        "api_unreachable",
        "api_error",
        "forbidden",
        "handshake_invalid",
        "sandboxes_disagree",
        "sandbox_secret_invalid",
        "adopt_refused",
        "contended",
        "no_random",
        "handshake_missing",
        "secret_immutable",
        "input_failed",
        "line_invalid",
    ],
    on_gateway: &[],
    on_docker: &[],
    on_kubernetes: &[&["reconcile"], &["check"]],
};

tool_document::contract_tests!(TOOL);
