# make a gateway the active one: the one that is meant where none is named
#
# Usage: gw use NAME [flags]
# Flags: running json
# shellcheck shell=bash

verb_use() {
    [[ $# -eq 1 ]] || usage_error "which gateway?"
    require_programs
    given[--gateway]=$1
    resolve_gateway
    if ! is_on_cluster; then
        of_gateway+=(--gateway "$1")
        detect
        [[ $state != absent || -e $folder/metadata.json ]] ||
            fail 1 no_state "there is no gateway $gateway" "$gw list"
    fi
    activate "$gateway"
    finish "gateway $gateway is the active one"
}
