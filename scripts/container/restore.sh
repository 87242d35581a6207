# make a gateway from a backup, and start it
#
# Usage: gw restore FILE [flags]
#
# FILE - is standard input. The backup is verified before anything is replaced. With --gateway it gets another name; where a
# gateway of the name exists, it asks first.
# Flags: gateway running json settings waiting consent
# shellcheck shell=bash

restore_in_container() {
    [[ $# -eq 1 ]] || usage_error "from which file?"
    local file=$1
    require_programs
    if [[ $file == - ]]; then
        make_scratch
        file=$scratch/backup
        cat >"$file"
    fi
    detect
    [[ $state == absent ]] || consent "replace gateway $gateway, with its sandboxes, by the backup"
    lock_and_look restore
    step restore gw-backup restore "$file" --yes "${of_gateway[@]}" "${locked[@]}"
    bring_up
}
