# stop the gateway's container and start it again
#
# Usage: openshell restart [flags]
# Flags: gateway running json
# shellcheck shell=bash

verb_restart() {
    programs_ready
    detect
    [[ $state != absent ]] ||
        fail 1 no_state "there is neither a container nor a volume of gateway $gateway to restart" "openshell start --gateway $gateway"
    lock_taken restart || true
    if [[ $state != volume_only ]]; then
        step stop gw-container stop "${of_gateway[@]}" "${locked[@]}"
    fi
    detect
    bring_up
}
