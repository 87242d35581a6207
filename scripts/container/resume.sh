# start a gateway that exists, and fail where there is nothing to resume
#
# Usage: gw resume [flags]
#
# Settings are kept with the gateway. One that differs is applied: the container is replaced, and the volume kept.
# Flags: gateway running cluster json settings release plan waiting
# shellcheck shell=bash

resume_in_container() {
    require_programs image
    detect
    require_gateway "resume"
    bring_up
}
