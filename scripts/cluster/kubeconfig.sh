# kubeconfig of a gateway on a cluster of one's own.
# shellcheck shell=bash

kubeconfig_on_cluster() {
    require_kept_cluster
    resolve_cluster
    cat -- "$kubeconfig"
}
