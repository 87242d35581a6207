# print the log of the gateway's container, of its server, or of a sandbox
#
# Usage: gw logs [container | gateway | sandbox NAME] [flags]
#
# Without a word it is the container's, or the server's where the gateway is on a cluster of your own.
# Flags: gateway running reading
# shellcheck shell=bash

verb_logs() {
    local what=${1:-container} words=()
    [[ $place == in_container ]] || what=${1:-gateway}
    require_log "$what" "${@:2}"
    require_programs
    [[ -z ${given[--follow]:-} ]] || words+=(--follow)
    [[ -z ${given[--since]:-} ]] || words+=(--since "${given[--since]}")
    if [[ $place == in_container ]]; then
        detect
        has_container ||
            fail 1 no_container "gateway $gateway has no container, and so no log" "$gw start --gateway $gateway"
        if [[ $what == container ]]; then
            require_needs docker
            ssh_key_for_docker
            exec docker logs "${words[@]}" "openshell-cluster-$gateway"
        fi
        require_running_container
        reach_remote_cluster
    fi
    words=("$programs/gw-node" logs "$what" "${@:2}" "${words[@]}" ${kubeconfig:+--kubeconfig "$kubeconfig"} "${of_gateway[@]}")
    [[ -n $tunnel ]] || become "${words[@]}"
    # A tunnel lasts as long as this run.
    "${words[@]}" </dev/null &
    running[logs]=$!
    await logs
}

# require_log WORD [NAME]: is there such a log at all?
require_log() {
    case $1:$#:$place in
    container:1:on_cluster) usage_error "gateway $gateway is on a cluster of your own and has no container; its logs are gateway, and sandbox NAME" ;;
    container:1:* | gateway:1:* | sandbox:2:*) ;;
    sandbox:1:*) usage_error "which sandbox?" ;;
    container:2:* | gateway:2:*) usage_error "'$2' is one word too many" ;;
    *) usage_error "there is no log of '$1'" ;;
    esac
}
