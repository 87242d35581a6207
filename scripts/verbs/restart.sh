# stop the gateway's container and start it again
#
# Usage: gw restart [flags]
#
# On a cluster of your own the server gets new pods.
# Flags: gateway running json waiting
# shellcheck shell=bash

verb_restart() {
    programs_ready
    detect
    must_exist "restart"
    require_image_needs
    lock_taken restart || true
    if [[ $state != volume_only ]]; then
        step stop gw-container stop "${of_gateway[@]}" "${locked[@]}"
        state=stopped
    fi
    bring_up
}
