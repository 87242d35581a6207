# env of a gateway on a cluster of one's own.
# shellcheck shell=bash

env_on_cluster() {
    local document
    require_kept_cluster
    document=$(<"$folder/cluster.json")
    take kubeconfig=.kubeconfig context=.context namespace=.namespace
    printf 'export OPENSHELL_GATEWAY=%q\n' "$gateway"
    printf 'export KUBECONFIG=%q # kubectl --context %q --namespace %q\n' "$kubeconfig" "$context" "$namespace"
}
