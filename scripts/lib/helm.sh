# helm and kubectl on a gateway's cluster: the ones on PATH, else those of the cluster image. Sourced by scripts/openshell.
# shellcheck shell=bash

# The cluster that they work on, by `cluster_is`, and the gateway's namespace there.
kubeconfig=
namespace=openshell

cluster_is() {
    kubeconfig=$1
}

# Both can be run: asked once, before anything depends on them.
helm_ready() {
    local program image
    for program in helm kubectl; do
        command -v "$program" >/dev/null || image_with_helm "$program"
    done
}

# helm_words WORDS...: the array `command` becomes a run of helm with these words on the cluster. Files that they name must lie in the
# gateway's folder, in this run's own, or in the checkout's. Values never stand in words, which all users of the machine see.
helm_words() {
    cluster_words helm "$@" --kubeconfig "$kubeconfig"
}

# kubectl_words WORDS...: the same for kubectl.
kubectl_words() {
    cluster_words kubectl --kubeconfig "$kubeconfig" "$@"
}

# kubectl_says WORDS...: what kubectl prints, for short questions; its exit code.
kubectl_says() {
    local command
    kubectl_words "$@"
    "${command[@]}" </dev/null
}

# cluster_words PROGRAM WORDS...
cluster_words() {
    local program=$1 image file mounts=()
    shift
    if command -v "$program" >/dev/null; then
        command=("$program" "$@")
        return
    fi
    image_with_helm "$program"
    for file in "$kubeconfig" "${folder:-}" "$scratch" "$root/helm"; do
        [[ ! -e $file ]] || mounts+=(--volume "$file:$file")
    done
    [[ $1 != pull ]] || registry_mounts
    command=(docker run --rm --network host --user "$(id -u):$(id -g)" --label "dev.openshell.helm=${gateway:-none}"
        --tmpfs /tmp --env HOME=/tmp "${mounts[@]}" --entrypoint /usr/bin/tini "$image" -- "$program" "$@")
}

# What helm needs to ask a registry: its own and Docker's logins, the host's authorities and proxies. Adds to `mounts`.
registry_mounts() {
    local logins=${HELM_REGISTRY_CONFIG:-$HOME/.config/helm/registry/config.json} name
    local docker=${DOCKER_CONFIG:-$HOME/.docker}/config.json trusted=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
    [[ ! -e $logins ]] || mounts+=(--volume "$logins:/home/helm.json:ro" --env HELM_REGISTRY_CONFIG=/home/helm.json)
    [[ ! -e $docker ]] || mounts+=(--volume "$docker:/home/docker/config.json:ro" --env DOCKER_CONFIG=/home/docker)
    [[ ! -e $trusted ]] || mounts+=(--volume "$trusted:/home/ca.crt:ro" --env SSL_CERT_FILE=/home/ca.crt)
    for name in HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy; do
        [[ -z ${!name:-} ]] || mounts+=(--env "$name")
    done
}

# The image that has both: the one that this checkout builds, else the last one that was built here. Sets `image`.
image_with_helm() {
    local why="$1 is not installed on this host"
    require_needs docker
    case ${DOCKER_HOST:-} in
    ssh://* | tcp://*) fail 1 "missing_$1" "$why, and Docker is another machine's, which has not the files" "install $1" ;;
    esac
    for image in "$("$root/images/build" --print-tag)" openshell/cluster:local; do
        if docker image inspect "$image" >/dev/null 2>&1; then
            return
        fi
    done
    fail 1 "missing_$1" "$why, and the cluster image, which has it, is not built" "install $1, or images/build"
}

# A run that was killed leaves helm's container behind: it must not work beside this run's.
helm_ended() {
    local left
    command -v docker >/dev/null || return 0
    left=$(docker ps --quiet --filter "label=dev.openshell.helm=$gateway" 2>/dev/null || true)
    # shellcheck disable=SC2086
    [[ -z $left ]] || docker rm --force $left >/dev/null
}
