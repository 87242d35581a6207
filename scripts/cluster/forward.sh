# forward of a gateway on a cluster of one's own.
# shellcheck shell=bash

# Until Ctrl-C. A forward ends with the pod that it leads to, and is made again to the next one.
forward_on_cluster() {
    local tries=0
    require_kept_cluster
    resolve_cluster
    recall_release
    find_endpoint
    is_forwarded || warn "the gateway is reached on $endpoint already, by $endpoint_of: clients go there, and not to this machine's port $forward_port"
    what_is_left="nothing listens on port $forward_port any more"
    while true; do
        begin_forward "$forward_port"
        follow_forward || true
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
follow_forward() {
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
