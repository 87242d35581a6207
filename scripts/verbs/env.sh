# print the variables that point other programs at the gateway
#
# Usage: openshell env [flags]
#
# For example: eval "$(openshell env)" && kubectl get pods --namespace openshell
# Flags: gateway running
# shellcheck shell=bash

verb_env() {
    programs_ready
    detect
    [[ $state != absent ]] ||
        fail 1 no_state "there is no gateway $gateway" "openshell start --gateway $gateway"
    printf 'export OPENSHELL_GATEWAY=%q\n' "$gateway"
    printf 'export KUBECONFIG=%q\n' "$folder/kubeconfig"
}
