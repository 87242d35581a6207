# Where the gateway that is meant is: in a container on some Docker, or on a Kubernetes cluster that exists. Files answer, without any
# process: a start on a gateway that serves pays for this, too. Sourced by scripts/openshell.
# shellcheck shell=bash

# Verbs that are about no gateway, about all, or name theirs otherwise.
placeless=(use list completion version help)

# in_container or on_cluster: which functions of a verb are meant.
place=in_container
# What was given of a cluster that exists, in words for the tools.
of_place=()

# Finds it, for the verbs that are about one gateway.
find_place() {
    local flag
    [[ " ${placeless[*]} " != *" $verb "* ]] || return 0
    resolve_gateway
    if is_on_cluster; then
        place=on_cluster
        for flag in --docker-host --remote --ssh-key; do
            [[ -z ${given[$flag]:-} ]] || usage_error "$flag is for a gateway in a container, and $gateway is on a cluster"
        done
        of_place=(--gateway "$gateway")
        for flag in --context --kubeconfig --namespace; do
            [[ -z ${given[$flag]:-} ]] || of_place+=("$flag" "${given[$flag]}")
        done
    else
        recall_docker
    fi
}

is_cluster_given() {
    [[ -n ${given[--context]:-}${given[--kubeconfig]:-}${given[--namespace]:-}${given[--endpoint]:-} ]]
}

# Sets gateway and folder by the name that is meant: a flag's, the environment's, the active one. Every name that is none is refused
# by the tools, with the reason: then both are empty.
resolve_gateway() {
    local name=${given[--gateway]:-${OPENSHELL_GATEWAY:-}} files=${XDG_CONFIG_HOME:-$HOME/.config}/openshell
    gateway='' folder=''
    [[ -n $name ]] || read -r name 2>/dev/null <"$files/active_gateway" || true
    name=${name:-openshell}
    [[ $name =~ ^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$ ]] || return 0
    gateway=$name folder=$files/gateways/$name
}

# Is it on a cluster that exists, or is it to be?
is_on_cluster() {
    if is_cluster_given; then
        [[ -n $gateway ]] || usage_error "'${given[--gateway]:-${OPENSHELL_GATEWAY:-}}' is no name for a gateway"
        return 0
    fi
    [[ -n $gateway && -e $folder/cluster.json ]]
}

# A gateway that was started on a Docker that was named is there, unless a flag or the environment names another one.
recall_docker() {
    local host= key=
    [[ -n $folder && -e $folder/docker && ${#of_docker[@]} -eq 0 && -z ${DOCKER_HOST:-} ]] || return 0
    { read -r host && read -r key; } <"$folder/docker" || true
    [[ -n $host ]] || return 0
    given[--docker-host]=$host
    [[ -z $key ]] || given[--ssh-key]=$key
    patience 5m
}

# Which Docker a flag or the environment named: its URL and the private key, a line each.
keep_docker() {
    local key=${given[--ssh-key]:-}
    [[ -n ${DOCKER_HOST:-} ]] || return 0
    [[ -z $key ]] || key=$(realpath -- "$key")
    keep_file "$folder/docker" "$DOCKER_HOST"$'\n'"$key"$'\n'
}
