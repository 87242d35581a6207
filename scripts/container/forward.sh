# make a gateway on a cluster of your own reachable from this machine, until Ctrl-C
#
# Usage: gw forward [flags]
#
# For a server that no load balancer, Ingress or node port leads to. The port is the
# gateway's: gw start --port N gives it another one (default 8080).
# Flags: gateway running
# shellcheck shell=bash

forward_in_container() {
    require_programs
    detect
    require_gateway "reach"
    fail 1 not_on_a_cluster "gateway $gateway is in a container, which publishes its port" "$gw status --gateway $gateway"
}
