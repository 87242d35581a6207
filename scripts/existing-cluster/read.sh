# logs, env and kubeconfig of a gateway on an existing cluster, and the way to its server from this machine.
# shellcheck shell=bash

existing_logs() {
    local what=${1:-gateway} words=() since=${given[--since]:-} command
    [[ $what != container ]] || usage_error "gateway $gateway is on a cluster of your own and has no container; its logs are gateway, and sandbox NAME"
    log_exists "$@"
    cluster_is_kept
    cluster_known
    release_recalled
    log_words "$what" "${2:-}"
    kubectl_words --namespace "$namespace" logs "${words[@]}"
    "${command[@]}"
}

existing_env() {
    cluster_is_kept
    cluster_known
    printf 'export OPENSHELL_GATEWAY=%q\n' "$gateway"
    printf 'export KUBECONFIG=%q # kubectl --context %q --namespace %q\n' "$(jq -r .kubeconfig <<<"$cluster")" "$(jq -r .context <<<"$cluster")" "$namespace"
}

existing_kubeconfig() {
    cluster_is_kept
    cluster_known
    cat -- "$kubeconfig"
}

# Until Ctrl-C. A forward ends with the pod that it leads to, and is made again to the next one.
existing_forward() {
    local tries=0
    cluster_is_kept
    cluster_known
    release_recalled
    endpoint_found
    is_forwarded || warn "the gateway is reached on $endpoint already, by $endpoint_of: clients go there, and not to this machine's port $forward_port"
    what_is_left="nothing listens on port $forward_port any more"
    while true; do
        forward_begun "$forward_port"
        forward_followed || true
        if grep -q 'unable to listen\|address already in use' "$scratch/forward.log"; then
            fail 1 port_taken "port $forward_port of 127.0.0.1 is taken" "$gw start --gateway $gateway --port N, then $gw forward"
        fi
        if [[ ! -s $scratch/forward ]]; then
            tries=$((tries + 1))
            ((tries < 5)) || {
                cat -- "$scratch/forward.log" >&2
                fail 1 forward_failed "the server's Service cannot be forwarded" "$gw doctor --gateway $gateway"
            }
        else
            tries=0
            say "the connection to the server was lost; it is made again"
        fi
        sleep 1
    done
}

# Says once that it listens, and waits for its end.
forward_followed() {
    local is_said=false
    while kill -0 "${running[forward]}" 2>/dev/null; do
        if [[ $is_said == false && -s $scratch/forward ]]; then
            is_said=true
            say "gateway $gateway is reached on 127.0.0.1:$forward_port until Ctrl-C"
        fi
        # kubectl 1.20 says so, and stays.
        if grep -q 'lost connection to pod' "$scratch/forward.log"; then
            kill "${running[forward]}" 2>/dev/null || true
            break
        fi
        sleep 0.2
    done
    await forward
}
