# A Docker on another machine, behind ssh. Sourced by scripts/openshell.
# shellcheck shell=bash

tunnel=

# The docker command line takes no key: it gets an ssh that has it.
ssh_key_for_docker() {
    local key=${given[--ssh-key]:-} ssh
    [[ -n $key && ! -e ${scratch:-/nonexistent}/bin/ssh ]] || return 0
    ssh=$(command -v ssh) || fail 1 missing_ssh "ssh is not installed" "apt-get install openssh-client"
    make_scratch
    mkdir -- "$scratch/bin"
    printf '#!/bin/sh\nexec %q -i %q "$@"\n' "$ssh" "$(realpath -- "$key")" >"$scratch/bin/ssh"
    chmod 700 "$scratch/bin/ssh"
    PATH=$scratch/bin:$PATH
}

# Leads to the API for as long as this run lasts: the tunnel ends with its standard input, which no other program has. From then
# on `kubeconfig` is the one that it wrote, once it listened. Fails with the tunnel's code, and its document, where it ended.
open_tunnel() {
    local code=0
    make_scratch
    kubeconfig=$scratch/tunnel.yaml
    [[ -z $tunnel ]] || return 0
    coproc TUNNEL {
        exec "$programs/gw-node" tunnel --file "$kubeconfig" --until-eof "${of_gateway[@]}" >"$scratch/tunnel"
    }
    tunnel=$TUNNEL_PID
    until [[ -s $kubeconfig ]]; do
        if ! kill -0 "$tunnel" 2>/dev/null; then
            wait "$tunnel" || code=$?
            tunnel=
            document=$(<"$scratch/tunnel")
            return "$code"
        fi
        sleep 0.1
    done
}

# Sets kubeconfig to one that leads to the cluster of a gateway on another machine, for as long as this run lasts; to nothing on this one.
# detect must have been called.
reach_remote_cluster() {
    local docker
    take docker=.docker.host
    kubeconfig=
    [[ $docker != ssh://* ]] || open_tunnel || fail_step tunnel "$?"
}
