# start the gateway: create it, resume it, or find that it serves already
#
# Usage: openshell start [flags]
#
# Settings are kept with the gateway. One that differs is applied: the container is replaced, and the volume kept.
# Flags: gateway running json settings release plan
# shellcheck shell=bash

verb_start() {
    programs_ready
    detect
    bring_up
}
