# stop the gateway's container; volume, secrets and client files stay
#
# Usage: gw stop [flags]
# Flags: gateway running json
# shellcheck shell=bash

verb_stop() {
    programs_ready
    detect
    if [[ $state == absent || $state == volume_only ]]; then
        finish "gateway $gateway has no container: nothing to stop"
        return
    fi
    lock_taken stop || true
    step container gw-container stop "${of_gateway[@]}" "${locked[@]}"
    finish "gateway $gateway is stopped; its volume is kept: $gw start --gateway $gateway resumes it"
}
