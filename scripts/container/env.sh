# print the variables that point other programs at the gateway
#
# Usage: gw env [flags]
#
# For example: eval "$(gw env)" && kubectl get pods --namespace openshell
# Flags: gateway running
# shellcheck shell=bash

env_in_container() {
    require_programs
    detect
    require_gateway "point at"
    printf 'export OPENSHELL_GATEWAY=%q\n' "$gateway"
    printf 'export KUBECONFIG=%q\n' "$folder/kubeconfig"
    [[ ${#of_docker[@]} -eq 0 ]] || printf 'export DOCKER_HOST=%q\n' "$DOCKER_HOST"
}
