# print the log of the gateway's container, of its server, or of a sandbox
#
# Usage: gw logs [container | gateway | sandbox NAME] [flags]
#
# Without a word it is the container's, or the server's where the gateway is on a cluster of your own.
# Flags: gateway running reading
# shellcheck shell=bash

verb_logs() {
    local what=${1:-container} words=() since=${given[--since]:-}
    log_exists "$@"
    programs_ready
    require_needs docker
    detect
    [[ $state != absent && $state != volume_only ]] ||
        fail 1 no_container "gateway $gateway has no container, and so no log" "$gw start --gateway $gateway"
    ssh_key_for_docker
    if [[ $what == container ]]; then
        [[ -z ${given[--follow]:-} ]] || words+=(--follow)
        exec docker logs "${words[@]}" ${since:+--since "$since"} "openshell-cluster-$gateway"
    fi
    release_recalled
    log_words "$what" "${2:-}"
    exec docker exec "openshell-cluster-$gateway" kubectl --namespace openshell logs "${words[@]}"
}

# log_exists [WORD [NAME]]: is there such a log at all?
log_exists() {
    case ${1:-}:$# in
    :0 | container:1 | gateway:1 | sandbox:2) ;;
    sandbox:1) usage_error "which sandbox?" ;;
    container:2 | gateway:2) usage_error "'$2' is one word too many" ;;
    *) usage_error "there is no log of '$1'" ;;
    esac
}

# log_words WHAT NAME: sets words to those that kubectl logs takes.
log_words() {
    case $1 in
    gateway) words=("$server_kind") ;;
    sandbox) words=(--container agent "pod/$2") ;;
    esac
    [[ -z ${given[--follow]:-} ]] || words+=(--follow)
    case $since in
    '') ;;
    *T*) words+=("--since-time=$since") ;;
    *) words+=("--since=$since") ;;
    esac
}
