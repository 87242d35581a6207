# logs of a gateway on a cluster of one's own.
# shellcheck shell=bash

logs_on_cluster() {
    local what=${1:-gateway} words=() since=${given[--since]:-} command
    [[ $what != container ]] || usage_error "gateway $gateway is on a cluster of your own and has no container; its logs are gateway, and sandbox NAME"
    require_log "$@"
    require_kept_cluster
    resolve_cluster
    recall_release
    log_words "$what" "${2:-}"
    kubectl_words --namespace "$namespace" logs "${words[@]}"
    "${command[@]}"
}
