# The endpoint of a gateway on an existing cluster: given, found in the cluster, or forwarded from this machine.
# shellcheck shell=bash

# What gives the endpoint, for people; empty where only `gw forward` does.
endpoint_of=
endpoint_pending=false

# find_endpoint: sets endpoint and endpoint_of, by what the cluster has at this moment.
find_endpoint() {
    local code=0 answers cause scheme=https words=(--gateway "$gateway" --kubeconfig "$kubeconfig" --namespace "$namespace" --service "$service_name")
    endpoint=$(jq -r '.endpoint // ""' <<<"$cluster") endpoint_of=--endpoint endpoint_pending=false
    [[ -z $endpoint ]] || return 0
    trace gw-detect "${words[@]}"
    document=$("$programs/gw-detect" "${words[@]}" --quiet) || code=$?
    [[ $code -eq 0 ]] || fail_step endpoint "$code"
    take endpoint=.endpoint endpoint_of=.cluster.endpoint_of endpoint_pending=.cluster.endpoint_pending answers=.cluster.answers \
        cause='.conflicts | join("; ")'
    [[ $answers == true ]] ||
        fail 69 api_unreachable "where the server is reached could not be read: $cause" "$kubectl_called --namespace $namespace get services,ingresses"
    # What is given now counts, and is not kept yet.
    [[ $plaintext == false ]] || scheme=http
    [[ -n $endpoint_of ]] || endpoint=$scheme://127.0.0.1:$forward_port
}

# Clouds take a while to make a load balancer.
await_endpoint() {
    local begun now limit
    clock
    begun=$now limit=$(in_seconds "${given[--timeout]:-5m}")
    find_endpoint
    while [[ $endpoint_pending == true ]]; do
        clock
        ((now - begun < ${limit%.*} * 1000)) ||
            fail 124 timed_out "$endpoint_of has no address yet" "$kubectl_called --namespace $namespace describe service $service_name; or name one: --endpoint URL"
        sleep 1
        find_endpoint
    done
}

is_forwarded() {
    [[ -z $endpoint_of ]]
}

# address_of ENDPOINT: sets host, port and address.
address_of() {
    address=${1#*://}
    host=${address%:*} port=${address##*:}
    host=${host#[} host=${host%]}
}

# The name or address that clients use must be in the server's certificate. Succeeds where it was not among the names yet.
name_endpoint() {
    local host port address
    [[ -n $endpoint ]] || return 1
    address_of "$endpoint"
    [[ " ${sans[*]} 127.0.0.1 localhost " != *" $host "* ]] || return 1
    sans+=(--san "$host")
}

# forward_for_now SECONDS: until this run ends, the server is reached at `address`, by a port of 127.0.0.1 that is free. Fails where
# that takes longer, or kubectl gives up; its words are in the file `forward.log` then.
forward_for_now() {
    local line begun now
    clock
    begun=$now
    begin_forward ""
    until line=$(grep -o -m 1 '127\.0\.0\.1:[0-9]*' "$scratch/forward"); do
        clock
        if ! kill -0 "${running[forward]}" 2>/dev/null || ((now - begun > $1 * 1000)); then
            end_forward
            return 1
        fi
        sleep 0.1
    done
    address=$line
}

# begin_forward PORT: kubectl leads this port of 127.0.0.1, or a free one, to the server. It says so in the file `forward`.
begin_forward() {
    local command
    kubectl_words --namespace "$namespace" port-forward --address 127.0.0.1 "service/$service_name" "$1:$(service_port)"
    spawn forward "${command[@]}" 2>"$scratch/forward.log"
}

end_forward() {
    [[ -n ${running[forward]:-} ]] || return 0
    kill "${running[forward]}" 2>/dev/null || true
    await forward || true
}

# The first port of the Service.
service_port() {
    kubectl_says --namespace "$namespace" get service "$service_name" --output 'jsonpath={.spec.ports[0].port}'
}
