# env of a gateway on a cluster of one's own.
# shellcheck shell=bash

env_on_cluster() {
    require_kept_cluster
    resolve_cluster
    printf 'export OPENSHELL_GATEWAY=%q\n' "$gateway"
    printf 'export KUBECONFIG=%q # kubectl --context %q --namespace %q\n' "$(jq -r .kubeconfig <<<"$cluster")" "$(jq -r .context <<<"$cluster")" "$namespace"
}
