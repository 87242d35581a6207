# destroy the gateway and make it again with the same settings; asks first, and backs it up
#
# Usage: gw recreate [flags]
#
# Sandboxes, volume, secrets and certificates are new afterwards. The backup goes to openshell/backups in XDG_STATE_HOME
# (else ~/.local/state), and gw restore FILE brings the old gateway back. Off a terminal it needs --yes.
# Flags: gateway running json settings plan waiting destroying consent
# shellcheck shell=bash

recreate_in_container() {
    require_programs image
    detect
    if [[ ${given[--dry-run]:-false} == true ]]; then
        plan_recreation
        return
    fi
    [[ $state == absent ]] || consent "destroy gateway $gateway with its sandboxes, volume and secrets, and make it again"
    lock_and_look recreate
    require_image_needs
    make_way
    bring_up
}
