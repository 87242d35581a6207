# kubeconfig of a gateway on a cluster of one's own.
# shellcheck shell=bash

kubeconfig_on_cluster() {
    cluster_is_kept
    cluster_known
    cat -- "$kubeconfig"
}
