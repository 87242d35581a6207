# helm and kubectl on a gateway's cluster: the host's if they are new enough, else the product's. Sourced by scripts/openshell.
# shellcheck shell=bash

# The cluster that they work on, by `cluster_is`, and the gateway's namespace there.
kubeconfig=
namespace=openshell
# The programs, once they are chosen; the last one reads files alone.
helm=
kubectl=
any_kubectl=
# kubectl on the cluster, as the person can type it.
kubectl_called=

# Variables by which a person's helm means another cluster, another namespace or another place for revisions than the driver does.
helm_environment=(env)
for name in DRIVER KUBEAPISERVER KUBEASGROUPS KUBEASUSER KUBECAFILE KUBECONTEXT KUBEINSECURE_SKIP_TLS_VERIFY KUBETLS_SERVER_NAME KUBETOKEN \
    MAX_HISTORY NAMESPACE; do
    helm_environment+=(--unset "HELM_$name")
done

cluster_is() {
    kubeconfig=$1
}

# Both can be run: asked once, before anything depends on them.
helm_ready() {
    local found version why="helm is not installed"
    [[ -z $helm ]] || return 0
    kubectl_there
    found=$(type -P helm) || found=
    if [[ -n $found ]]; then
        version=$("$found" version --template '{{.Version}}' 2>/dev/null) || version=
        if is_helm_fit "$version"; then
            helm=$found
            return
        fi
        why="$found is helm ${version:-of a version that it does not tell}, which is not used here"
    fi
    product_ready ||
        fail 1 missing_helm "$why, and $why_no_programs" "install helm 3.14 or a later helm 3, or build the image: $(here images/build)"
    helm=$product_programs/helm
}

# is_helm_fit VERSION: 3.14 is the oldest line with all that is used. helm 4 applies on the server, where a field that another program
# wrote is a conflict, and the next revision may be the node's own, by its helm 3.
is_helm_fit() {
    [[ $1 =~ ^v3\.([0-9]+)\. ]] && ((10#${BASH_REMATCH[1]} >= 14))
}

# There is a kubectl at all.
kubectl_there() {
    [[ -z $any_kubectl ]] || return 0
    any_kubectl=$(type -P kubectl) || {
        product_ready || fail 1 missing_kubectl "kubectl is not installed, and $why_no_programs" "install kubectl, or build the image: $(here images/build)"
        any_kubectl=$product_programs/kubectl
    }
}

# kubectl for the cluster: the host's if it is within one minor version, as Kubernetes supports it, else the product's. What was chosen is
# in a file, because many ask in a subshell.
kubectl_ready() {
    [[ -z $kubectl ]] || return 0
    scratch_made
    if [[ ! -s $scratch/kubectl.chosen ]]; then
        kubectl_there
        kubectl=$any_kubectl
        if [[ $kubectl != "$product_programs/kubectl" ]] && ! is_kubectl_fit "$kubectl"; then
            if product_ready; then
                kubectl=$product_programs/kubectl
            else
                warn "$kubectl is not known to fit the cluster's version, and $why_no_programs: it is used all the same"
            fi
        fi
        printf '%s' "$kubectl" >"$scratch/kubectl.chosen"
    fi
    kubectl=$(<"$scratch/kubectl.chosen")
}

# is_kubectl_fit PROGRAM: it says both versions.
is_kubectl_fit() {
    "$1" version --kubeconfig "$kubeconfig" --request-timeout 5s --output json 2>/dev/null </dev/null | jq -e '
        def minor: .minor | gsub("[^0-9]"; "") | tonumber;
        .clientVersion.major == .serverVersion.major and ((.clientVersion | minor) - (.serverVersion | minor) | fabs) <= 1' >/dev/null 2>&1
}

# Fails, with why_no_programs, where there are none.
product_ready() {
    local now
    ssh_key_for_docker
    choose_product_programs || return 1
    [[ ! -e $product_programs ]] || return 0
    spawn programs copy_programs "$program_image" "$product_programs"
    if ! await programs; then
        why_no_programs="it could not be copied out of $program_image"
        return 1
    fi
    clock
    step_line programs "helm and kubectl, out of the cluster image" "$((now - begun_at[programs]))"
}

# here FILE: a file of this project as the person can type it.
here() {
    local file=$root/$1
    printf '%q' "${file#"$PWD/"}"
}

# helm_words WORDS...: the array `command` becomes a run of helm with these words on the cluster. Values never stand in words, which all
# users of the machine see.
helm_words() {
    helm_alone "$@" --kubeconfig "$kubeconfig"
}

# helm_alone WORDS...: the same, of what needs no cluster. What another cluster at the same address has is not remembered.
helm_alone() {
    helm_ready
    scratch_made
    command=("${helm_environment[@]}" "KUBECACHEDIR=$scratch/kube" "$helm" "$@")
}

# kubectl_words WORDS...: the same for kubectl on the cluster.
kubectl_words() {
    kubectl_ready
    command=("$kubectl" --kubeconfig "$kubeconfig" --cache-dir "$scratch/kube" "$@")
}

# kubectl_says WORDS...: what kubectl prints, for short questions; its exit code.
kubectl_says() {
    local command
    kubectl_words "$@"
    "${command[@]}" </dev/null
}

<<<<<<< HEAD
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
=======
# kubeconfig_says WORDS...: what `kubectl config` prints, which asks no cluster.
kubeconfig_says() {
    "$any_kubectl" --kubeconfig "$kubeconfig" config "$@" </dev/null
>>>>>>> gw
}
