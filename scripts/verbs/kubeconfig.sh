# print the kubeconfig with which this host reaches the gateway's cluster
#
# Usage: gw kubeconfig [flags]
#
# For example: gw kubeconfig >cluster.yaml
# Flags: gateway running
# shellcheck shell=bash

verb_kubeconfig() {
    require_programs
    become "$programs/gw-node" kubeconfig --file - "${of_gateway[@]}" --quiet
}
