# Does the verb that was given, as it is where the gateway is. Sourced by scripts/openshell where there is more to do than to find that a
# gateway serves.
# shellcheck shell=bash

# What several verbs need.
libraries=(lock remote kept-file active-gateway release deploy bring-up recreate doctor)

load() {
    local name
    for name; do
        # shellcheck disable=SC1090 # scripts/test checks all of them in one
        source "$root/scripts/$name.sh"
    done
}

run_verb() {
    load "${libraries[@]/#/lib/}"
    if [[ -e $root/scripts/verbs/$verb.sh ]]; then
        load "verbs/$verb"
        "verb_$verb" "$@"
    elif [[ $place == in_container ]]; then
        load "container/$verb"
        "${verb}_in_container" "$@"
    else
        require_verb_on_cluster
        load lib/cluster "cluster/$verb"
        require_fitting_settings
        require_programs
        "${verb}_on_cluster" "$@"
    fi
}

require_verb_on_cluster() {
    [[ -e $root/scripts/cluster/$verb.sh ]] ||
        fail 1 not_in_a_container "gateway $gateway is on a cluster of your own, not in a container: $verb is not for it" \
            "$gw help, and kubectl for the cluster itself"
}
