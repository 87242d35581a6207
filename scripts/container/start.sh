# start the gateway: create it, resume it, or find that it serves already
#
# Usage: gw start [flags]
#
# Settings are kept with the gateway. One that differs is applied: the container is replaced, and the volume kept.
# At the end it prints which sandboxes came back. A start that finds the gateway serving does not, unless --wait-sandboxes is given.
# Flags: gateway running cluster json settings release plan waiting starting destroying consent
# shellcheck shell=bash

start_in_container() {
    local choice=${given[--on-failure]:-keep}
    [[ $choice == keep || $choice == recreate ]] || usage_error "--on-failure is keep or recreate, not '$choice'"
    if [[ ${given[--recreate]:-false} == true ]]; then
        load container/recreate
        recreate_in_container
        return
    fi
    require_programs image
    detect
    bring_up
}
