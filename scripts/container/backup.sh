# write the gateway's volume, settings and client files to one file
#
# Usage: gw backup FILE [flags]
#
# FILE - is standard output. The container is paused meanwhile, or stopped with --stop.
# Flags: gateway running json backup
# shellcheck shell=bash

backup_in_container() {
    [[ $# -eq 1 ]] || usage_error "to which file?"
    local words=(create "$1" "${of_gateway[@]}")
    [[ -z ${given[--stop]:-} ]] || words+=(--stop)
    require_programs
    if [[ $1 == - ]]; then
        become "$programs/gw-backup" "${words[@]}"
    fi
    detect
    require_gateway "back up" "$gw list"
    lock_and_look backup
    require_gateway "back up" "$gw list"
    step backup gw-backup "${words[@]}" "${locked[@]}"
    finish "gateway $gateway is backed up to $1"
}
