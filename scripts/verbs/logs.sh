# print the log of the gateway's container, of its server, or of a sandbox
#
# Usage: openshell logs [container | gateway | sandbox NAME] [flags]
#
# Without a word it is the container's.
# Flags: gateway running reading
# shellcheck shell=bash

verb_logs() {
    local what=${1:-container} kubectl=(kubectl --namespace openshell logs) words=()
    case $what:$# in
    container:[01] | gateway:1 | sandbox:2) ;;
    sandbox:1) usage_error "which sandbox?" ;;
    container:2 | gateway:2) usage_error "'$2' is one word too many" ;;
    *) usage_error "there is no log of '$what'" ;;
    esac
    programs_ready
    needs docker "apt-get install docker.io"
    detect
    [[ $state != absent && $state != volume_only ]] ||
        fail 1 no_container "gateway $gateway has no container, and so no log" "openshell start --gateway $gateway"
    ssh_key_for_docker
    [[ -z ${given[--follow]:-} ]] || words+=(--follow)
    local since=${given[--since]:-}
    if [[ $what == container ]]; then
        exec docker logs "${words[@]}" ${since:+--since "$since"} "openshell-cluster-$gateway"
    fi
    case $since in
    '') ;;
    *T*) words+=("--since-time=$since") ;;
    *) words+=("--since=$since") ;;
    esac
    case $what in
    gateway) kubectl+=("$(server_deployed)") ;;
    sandbox) kubectl+=(--container agent "pod/$2") ;;
    esac
    exec docker exec "openshell-cluster-$gateway" "${kubectl[@]}" "${words[@]}"
}
