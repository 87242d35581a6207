# stop the gateway's container and start it again
#
# Usage: gw restart [flags]
#
# On a cluster of your own the server gets new pods.
# Flags: gateway running json waiting
# shellcheck shell=bash

restart_in_container() {
    require_programs
    detect
    require_gateway "restart"
    lock_and_look restart
    require_gateway "restart"
    require_image_needs
    if has_container; then
        step stop gw-container stop "${of_gateway[@]}" "${locked[@]}"
    fi
    bring_up
}
