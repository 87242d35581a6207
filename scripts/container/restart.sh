# stop the gateway's container and start it again
#
# Usage: gw restart [flags]
#
# On a cluster of your own the server gets new pods.
# Flags: gateway running json waiting
# shellcheck shell=bash

restart_in_container() {
    programs_ready
    detect
    must_exist "restart"
    lock_and_look restart
    must_exist "restart"
    require_image_needs
    if has_container; then
        step stop gw-container stop "${of_gateway[@]}" "${locked[@]}"
    fi
    bring_up
}
