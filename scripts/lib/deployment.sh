# What was deployed to a gateway's container, as far as this host knows: so that what did not change costs nothing. Another container
# may have anything: then it is looked at anew. Sourced by scripts/openshell.
# shellcheck shell=bash

# {container, parts: {gateway, supervisor, chart}, release, facts, facts_of, begun}
deployment={}

# read_deployment CONTAINER: what is known of this very container. `begun`, the revision that helm was asked for last, and what
# was found out of a chart hold for any.
read_deployment() {
    deployment=$(jq -c --arg container "$1" 'if .container == $container then . else {container: $container, begun, facts, facts_of} end' \
        "$folder/deployment.json" 2>/dev/null) || deployment=
    [[ -n $deployment ]] || deployment=$(jq -cn --arg container "$1" '{container: $container}')
}

# What is known of the release that was deployed, for who only looks.
recall_release() {
    local facts
    facts=$(jq -c 'select(.release and .facts_of == .release) | .facts' "$folder/deployment.json" 2>/dev/null) || facts=
    take_facts "${facts:-null}"
}

# take_facts FACTS: sets server_kind, of_workload, service_name and handshake, and adds to sans, where there is a workload.
take_facts() {
    local fields san
    mapfile -t fields < <(jq -r 'select(.workload) | .workload, .handshake, .service // "openshell", .sans[]' <<<"$1")
    [[ ${#fields[@]} -gt 0 ]] || return 0
    server_kind=${fields[0]} handshake=${fields[1]} service_name=${fields[2]}
    of_workload=(--workload "$server_kind")
    for san in "${fields[@]:3}"; do
        sans+=(--san "$san")
    done
}

# set_deployment FILTER ARGUMENTS...: changes it, and keeps it.
set_deployment() {
    local filter=$1
    shift
    deployment=$(jq -c "$@" "$filter" <<<"$deployment")
    keep_file "$folder/deployment.json" "$deployment"$'\n'
}
