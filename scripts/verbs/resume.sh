# start a gateway that exists, and fail where there is nothing to resume
#
# Usage: openshell resume [flags]
#
# Settings are kept with the gateway. One that differs is applied: the container is replaced, and the volume kept.
# Flags: gateway running json settings release plan
# shellcheck shell=bash

verb_resume() {
    programs_ready
    detect
    [[ $state != absent ]] ||
        fail 1 no_state "there is neither a container nor a volume of gateway $gateway to resume" "openshell start --gateway $gateway"
    bring_up
}
