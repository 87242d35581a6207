//! Every reason of a failure, for the help text.

use contract::{Exit, Reason};

/// There is no helm, or it is not one that is used here.
pub const MISSING_HELM: Reason = Reason::new(
    "missing_helm",
    Exit::Failed,
    "there is no helm, or it is not one that is used here",
);
/// The chart could not be pulled from its registry.
pub const CHART_PULL_FAILED: Reason = Reason::new(
    "chart_pull_failed",
    Exit::Failed,
    "the chart could not be pulled from its registry",
);
/// The chart cannot be rendered with these values.
pub const CHART_INVALID: Reason = Reason::new(
    "chart_invalid",
    Exit::Failed,
    "the chart cannot be rendered with these values",
);
/// No chart was chosen, and none came with the cluster.
pub const NO_CHART: Reason = Reason::new(
    "no_chart",
    Exit::Failed,
    "no chart was chosen, and none came with the cluster",
);
/// The chart has neither a StatefulSet nor a Deployment.
pub const NO_WORKLOAD: Reason = Reason::new(
    "no_workload",
    Exit::Failed,
    "the chart has neither a StatefulSet nor a Deployment",
);
/// No Service of the chart has the node port that a gateway's container publishes.
pub const NO_NODE_PORT: Reason = Reason::new(
    "no_node_port",
    Exit::Configuration,
    "no Service of the chart has the node port that a gateway's container publishes",
);
/// Somebody else's helm may be at work on the release.
pub const RELEASE_PENDING: Reason = Reason::new(
    "release_pending",
    Exit::Retry,
    "somebody else's helm may be at work on the release",
);
/// Helm could not deploy the chart, or go back.
pub const RELEASE_FAILED: Reason = Reason::new(
    "release_failed",
    Exit::Failed,
    "helm could not deploy the chart, or go back",
);
/// The release was deployed by somebody else.
pub const RELEASE_OF_OTHERS: Reason = Reason::new(
    "release_of_others",
    Exit::Failed,
    "the release was deployed by somebody else",
);
/// Helm's record of the release cannot be read.
pub const RELEASE_INVALID: Reason = Reason::new(
    "release_invalid",
    Exit::Failed,
    "helm's record of the release cannot be read",
);
/// No revision before the last one was deployed.
pub const NOTHING_TO_GO_BACK_TO: Reason = Reason::new(
    "nothing_to_go_back_to",
    Exit::Failed,
    "no revision before the last one was deployed",
);
/// Helm could not remove the release.
pub const UNINSTALL_FAILED: Reason = Reason::new(
    "uninstall_failed",
    Exit::Failed,
    "helm could not remove the release",
);
/// What is kept of chart and values cannot be read.
pub const KEPT_INVALID: Reason = Reason::new(
    "kept_invalid",
    Exit::Configuration,
    "what is kept of chart and values cannot be read",
);
/// A file of chart or values could not be read or written.
pub const FILES_FAILED: Reason = Reason::new(
    "files_failed",
    Exit::Failed,
    "a file of chart or values could not be read or written",
);
/// The base values, or those of a chart's folder, are no JSON object.
pub const BASE_VALUES_INVALID: Reason = Reason::new(
    "base_values_invalid",
    Exit::Configuration,
    "the base values are no JSON object",
);

/// There is a gateway of that name already.
pub const GATEWAY_EXISTS: Reason = Reason::new(
    "gateway_exists",
    Exit::Failed,
    "there is a gateway of that name already",
);
/// No kubeconfig that can be read has the context.
pub const CONTEXT_MISSING: Reason = Reason::new(
    "context_missing",
    Exit::Configuration,
    "no kubeconfig that can be read has the context",
);
/// The gateway is in another namespace than this one.
pub const ANOTHER_CLUSTER: Reason = Reason::new(
    "another_cluster",
    Exit::Failed,
    "the gateway is in another namespace than this one",
);
/// The namespace is being deleted.
pub const NAMESPACE_TERMINATING: Reason = Reason::new(
    "namespace_terminating",
    Exit::Failed,
    "the namespace is being deleted",
);
/// There is no gateway of that name.
pub const NO_STATE: Reason = Reason::new("no_state", Exit::Failed, "there is no gateway of that name");
/// The namespace has no server.
pub const NO_SERVER: Reason = Reason::new("no_server", Exit::Failed, "the namespace has no server");

const OWN: &[Reason] = &[
    GATEWAY_EXISTS,
    CONTEXT_MISSING,
    ANOTHER_CLUSTER,
    NAMESPACE_TERMINATING,
    NO_STATE,
    NO_SERVER,
    MISSING_HELM,
    CHART_PULL_FAILED,
    CHART_INVALID,
    NO_CHART,
    NO_WORKLOAD,
    NO_NODE_PORT,
    RELEASE_PENDING,
    RELEASE_FAILED,
    RELEASE_OF_OTHERS,
    RELEASE_INVALID,
    NOTHING_TO_GO_BACK_TO,
    UNINSTALL_FAILED,
    KEPT_INVALID,
    FILES_FAILED,
    BASE_VALUES_INVALID,
];

/// The tool's own reasons and those of the crates it works with, in the order of the help.
pub const ALL: &[&[Reason]] = &[
    OWN,
    gateway_place::REASONS,
    client_files::REASONS,
    kube_session::REASONS,
];
