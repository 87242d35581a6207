# remove container, network, volume and client files; asks first
#
# Usage: gw destroy [flags]
#
# Off a terminal nobody can be asked: it needs --yes there.
# Flags: gateway running json consent
# shellcheck shell=bash

destroy_in_container() {
    require_programs
    detect
    ! is_anything_left || {
        consent "destroy gateway $gateway with its sandboxes, volume, secrets and client files"
        lock_and_look destroy
    }
    if ! is_anything_left; then
        finish "there is no gateway $gateway: nothing to destroy"
        return
    fi
    what_is_left="the gateway may be removed in part"
    step container gw-container remove "${of_gateway[@]}" --volume --yes "${locked[@]}"
    finish "gateway $gateway is destroyed"
}

# Files of a gateway whose volume is gone are to be destroyed, too.
is_anything_left() {
    [[ $state != absent || -e $folder/metadata.json ]]
}
