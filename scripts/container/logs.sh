# print the log of the gateway's container, of its server, or of a sandbox
#
# Usage: gw logs [container | gateway | sandbox NAME] [flags]
#
# Without a word it is the container's, or the server's where the gateway is on a cluster of your own.
# Flags: gateway running reading
# shellcheck shell=bash

logs_in_container() {
    local what=${1:-container} words=() since=${given[--since]:-}
    require_log "$@"
    require_programs
    require_needs docker
    detect
    [[ $state != absent && $state != volume_only ]] ||
        fail 1 no_container "gateway $gateway has no container, and so no log" "$gw start --gateway $gateway"
    ssh_key_for_docker
    if [[ $what == container ]]; then
        [[ -z ${given[--follow]:-} ]] || words+=(--follow)
        exec docker logs "${words[@]}" ${since:+--since "$since"} "openshell-cluster-$gateway"
    fi
    recall_release
    log_words "$what" "${2:-}"
    exec docker exec "openshell-cluster-$gateway" kubectl --namespace openshell logs "${words[@]}"
}
