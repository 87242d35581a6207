# helm and kubectl for a gateway's cluster: the host's if they are new enough, else the product's. Sourced by scripts/openshell.
# shellcheck shell=bash

# The cluster that they work on, by `use_kubeconfig`, and the gateway's namespace there.
kubeconfig=
namespace=openshell
# The programs, once they are chosen; the last one reads files alone.
helm=
kubectl=
any_kubectl=
# kubectl on the cluster, as the person can type it.
kubectl_called=

use_kubeconfig() {
    kubeconfig=$1
}

# Both can be run: asked once, before anything depends on them.
require_helm() {
    local found version why="helm is not installed"
    [[ -z $helm ]] || return 0
    require_any_kubectl
    found=$(type -P helm) || found=
    if [[ -n $found ]]; then
        version=$("$found" version --template '{{.Version}}' 2>/dev/null) || version=
        if is_helm_fit "$version"; then
            helm=$found
            return
        fi
        why="$found is helm ${version:-of a version that it does not tell}, which is not used here"
    fi
    fetch_product_programs ||
        fail 1 missing_helm "$why, and $why_no_programs" "install helm 3.14 or a later helm 3, or build the image: $(file_called "$root/images/build")"
    helm=$product_programs/helm
}

# is_helm_fit VERSION: 3.14 is the oldest line with all that is used. helm 4 applies on the server, where a field that another program
# wrote is a conflict, and the next revision may be the node's own, by its helm 3.
is_helm_fit() {
    [[ $1 =~ ^v3\.([0-9]+)\. ]] && ((10#${BASH_REMATCH[1]} >= 14))
}

# There is a kubectl at all.
require_any_kubectl() {
    [[ -z $any_kubectl ]] || return 0
    any_kubectl=$(type -P kubectl) || {
        fetch_product_programs || fail 1 missing_kubectl "kubectl is not installed, and $why_no_programs" "install kubectl, or build the image: $(file_called "$root/images/build")"
        any_kubectl=$product_programs/kubectl
    }
}

# kubectl for the cluster: the host's if it is within one minor version, as Kubernetes supports it, else the product's. What was chosen is
# in a file, because many ask in a subshell.
choose_kubectl() {
    [[ -z $kubectl ]] || return 0
    make_scratch
    if [[ ! -s $scratch/kubectl.chosen ]]; then
        require_any_kubectl
        kubectl=$any_kubectl
        if [[ $kubectl != "$product_programs/kubectl" ]] && ! is_kubectl_fit "$kubectl"; then
            if fetch_product_programs; then
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
fetch_product_programs() {
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
    tell_step programs "helm and kubectl, out of the cluster image" "$((now - begun_at[programs]))"
}

# kubectl_words WORDS...: the array `command` becomes a run of kubectl with these words on the cluster. What another cluster at the same
# address has is not remembered.
kubectl_words() {
    make_scratch
    choose_kubectl
    command=("$kubectl" --kubeconfig "$kubeconfig" --cache-dir "$scratch/kube" "$@")
}

# kubectl_says WORDS...: what kubectl prints, for short questions; its exit code.
kubectl_says() {
    local command
    kubectl_words "$@"
    "${command[@]}" </dev/null
}

# kubeconfig_says WORDS...: what `kubectl config` prints, which asks no cluster.
kubeconfig_says() {
    "$any_kubectl" --kubeconfig "$kubeconfig" config "$@" </dev/null
}
