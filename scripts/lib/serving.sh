# A gateway that serves and is to stay as it is: the case that most starts find, and what it needs, alone. Sourced by scripts/openshell.
# shellcheck shell=bash

# The document of gw-detect on a gateway that serves, up to the endpoint.
serving='^\{"schema":1,"tool":"gw-detect","gateway":"([^"]+)","docker":\{[^{}]*\},"gateways":\[\],"state":"serving","endpoint":"([^"]+)",'

# If neither a setting nor a chart is given, and nobody waits for sandboxes, a gateway that serves is left as it is, and the run is over. It
# is asked before anything else is read, of the tools that are there, and told without jq, which takes longer than all the rest together.
serves_already() {
    [[ ($verb == start || $verb == resume) && -x $programs/gw-detect && ${#settings[@]} == 0 && -z ${given[--wait-sandboxes]:-} ]] || return 1
    [[ ${given[--on-failure]:-keep} =~ ^(keep|recreate)$ && ${given[--recreate]:-false} == false ]] || return 1
    ! is_release_given || return 1
    [[ $place == in_container ]] || is_left_as_it_is || return 1
    trace gw-detect "${of_gateway[@]}"
    document=$(exec "$programs/gw-detect" "${of_gateway[@]}" 2>/dev/null) || return 1
    [[ $document =~ $serving ]] || return 1
    gateway=${BASH_REMATCH[1]} state_before=serving endpoint=${BASH_REMATCH[2]}
    finish "gateway $gateway serves already on $endpoint"
}

# On a cluster: neither a place is given, nor is there more to say than that it serves, nor a flag to refuse.
is_left_as_it_is() {
    ! is_cluster_given && [[ -z ${given[--dry-run]:-} && ${given[--on-failure]:-keep} == keep ]]
}

is_release_given() {
    [[ -n ${given[--chart]:-} || ${#values_given[@]} -gt 0 || ${#sets_given[@]} -gt 0 ]]
}
