# What was deployed to a gateway's container, as far as this host knows: so that what did not change costs nothing. Another container
# may have anything: then it is looked at anew. Sourced by scripts/openshell.
# shellcheck shell=bash

# {container, parts: {gateway, supervisor, chart}, release, facts, facts_of, begun}
deployment={}

# deployment_read CONTAINER: what is known of this very container. `begun`, the revision that helm was asked for last, and what
# was found out of a chart hold for any.
deployment_read() {
    deployment=$(jq -c --arg container "$1" 'if .container == $container then . else {container: $container, begun, facts, facts_of} end' \
        "$folder/deployment.json" 2>/dev/null) || deployment=
    [[ -n $deployment ]] || deployment=$(jq -cn --arg container "$1" '{container: $container}')
}

# The workload of the server, as kubectl names it.
server_deployed() {
    local named
    named=$(jq -r 'select(.release and .facts_of == .release) | .facts.workload' "$folder/deployment.json" 2>/dev/null) || named=
    printf '%s\n' "${named:-statefulset/openshell}"
}

# deployment_is FILTER ARGUMENTS...: changes it, and keeps it.
deployment_is() {
    local filter=$1 new
    shift
    deployment=$(jq -c "$@" "$filter" <<<"$deployment")
    new=$(mktemp "$folder/.deployment.XXXXXX")
    printf '%s\n' "$deployment" >"$new"
    mv -f -- "$new" "$folder/deployment.json"
}
