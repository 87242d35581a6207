# stop the gateway's container; volume, secrets and client files stay
#
# Usage: gw stop [flags]
# Flags: gateway running json
# shellcheck shell=bash

stop_in_container() {
    require_programs
    detect
    if ! has_container; then
        tell_nothing_to_stop
        return
    fi
    lock_and_look stop
    if ! has_container; then
        tell_nothing_to_stop
        return
    fi
    step container gw-container stop "${of_gateway[@]}" "${locked[@]}"
    finish "gateway $gateway is stopped; its volume is kept: $gw start --gateway $gateway resumes it"
}

tell_nothing_to_stop() {
    finish "gateway $gateway has no container: nothing to stop"
}
