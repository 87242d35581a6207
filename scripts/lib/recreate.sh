# Destroying a gateway in order to make it again: with a backup first, and with its settings kept. Sourced by scripts/openshell.
# shellcheck shell=bash

backup_file=

# Removes container, network, volume and secrets. What was backed up is said; the settings stay beside the client files.
# lock_and_look must have been called.
make_way() {
    [[ $state != absent ]] || return 0
    if [[ ${given[--no-backup]:-false} == false ]]; then
        backup_file=$(backup_path)
        mkdir -p -- "${backup_file%/*}"
        step backup gw-backup create "$backup_file" "${of_gateway[@]}" "${locked[@]}"
        say "the backup is $backup_file"
    fi
    what_is_left="the old gateway may be removed in part${backup_file:+, and its backup is $backup_file}"
    step remove gw-container remove "${of_gateway[@]}" --volume --keep-settings --yes "${locked[@]}"
}

# Where a backup goes that nobody named a file for.
backup_path() {
    printf '%s/openshell/backups/%s-%(%Y%m%dT%H%M%S)T.tar.zst\n' "${XDG_STATE_HOME:-$HOME/.local/state}" "$gateway" -1
}

# What a recreation would do.
plan_recreation() {
    local first="back it up to $(backup_path), "
    [[ ${given[--no-backup]:-false} == false ]] || first=
    [[ $state != absent ]] || {
        finish "nothing was done; there is no gateway $gateway yet, and it would be created"
        return
    }
    step remove gw-container remove "${of_gateway[@]}" --volume --keep-settings --dry-run
    finish "nothing was done; the plan: $first$(plan_in_words), create gateway $gateway with the same settings"
}

# Whether a step that failed is one that a new gateway may mend: not Docker, a port or an image that is not there.
is_recreation_of_use() {
    local name=$1 code=$2
    [[ ${given[--on-failure]:-keep} == recreate && $code -lt 128 && $code -ne 2 && $code -ne 75 ]] || return 1
    case $name in
    api | namespace | nodes | secret | certificates | grpc) return 0 ;;
    container)
        [[ $(jq -r '.error.reason // ""' <<<"${document:-null}") =~ ^(volume_image_mismatch|restore_incomplete|start_failed|container_exited|journal_invalid)$ ]]
        ;;
    *) return 1 ;;
    esac
}

# The rest of a run whose step failed, where that was agreed to beforehand.
recreate_after() {
    given[--on-failure]=keep
    warn "step $1 failed, and --on-failure=recreate was given: gateway $gateway is destroyed and made again"
    lock_and_look "$verb"
    make_way
    bring_up
    exit 0
}
