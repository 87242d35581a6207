# From what is there to a gateway that serves. Sourced by scripts/openshell.
# shellcheck shell=bash

# What ends the wait for a pod of the gateway server. While a node comes up, a pod may crash once or twice, and show for a while
# what was wrong with it when the node stopped.
hopeless_pods=(--abort-on ImagePullBackOff=60s --abort-on CrashLoopBackOff=4)

# For gw-container: an empty gateway is meant, if there is nothing left of one that is known.
agreed=()

bring_up() {
    [[ -z ${given[--yes]:-} ]] || agreed=(--yes)
    if [[ $place == in_container && -n $registry_token && " ${settings[*]} " != *" --registry-password-file "* ]]; then
        make_scratch
        settings+=(--registry-password-file "$(keep_token)")
    fi
    lock_and_look "$verb"
    [[ $verb != resume ]] || require_gateway resume
    ! is_release_ours || name_choice
    if [[ ${given[--dry-run]:-false} == true ]]; then
        "plan_$place"
        return
    fi
    "prepare_$place"
    ensure_secrets
    end_sentinel
    ! is_release_ours || deploy_release
    [[ $place == in_container ]] || reach_on_cluster
    step grpc gw-wait grpc --address "$address" "${published[@]}" "${through[@]}" "${tls[@]}" "${of_cluster[@]}" "${hopeless[@]}" \
        "${hopeless_pods[@]}" "${since[@]}"
    [[ $place == in_container ]] || publish_endpoint
    tell_sandboxes "${since[@]}"
    finish "gateway $gateway $(serves_in_words)"
}

serves_in_words() {
    if [[ $place == in_container ]]; then
        printf 'serves on %s' "$endpoint"
    elif [[ -n $endpoint_of ]]; then
        printf 'serves on %s, by %s' "$endpoint" "$endpoint_of"
    else
        printf 'serves in its cluster; %s forward --gateway %s makes it reachable on %s' "$gw" "$gateway" "$endpoint"
    fi
}

# A container that runs, with the gateway's namespace in it, and its nodes looked after.
prepare_in_container() {
    choose_image
    say "gateway $gateway: $(state_in_words)"
    ! is_release_ours || is_chart_in_registry || check_choice
    # What stands in a new gateway's way is told before minutes of building.
    [[ $state != absent ]] || quiet_step container gw-container ensure "${of_gateway[@]}" "${settings[@]}" "${image[@]}" "${agreed[@]}" \
        --dry-run --assume-image --quiet
    build_image
    if is_release_ours; then
        choose_helm
        ! is_chart_in_registry || check_choice
        # A new gateway has no other; for one that exists it is kept once it is known to be of use.
        [[ $state != absent ]] || keep_choice
    fi
    step container gw-container ensure "${of_gateway[@]}" "${settings[@]}" "${image[@]}" "${agreed[@]}" "${locked[@]}"
    keep_docker
    read_container
    step api gw-wait api "${of_cluster[@]}" "${hopeless[@]}"
    if is_release_ours; then
        require_needs docker
        recall_deployed "$container_id"
        # An image without a chart of its own makes no namespace.
        [[ -n $release_deployed ]] || docker exec "openshell-cluster-$gateway" kubectl create namespace openshell >/dev/null 2>&1 || true
    fi
    step namespace gw-wait namespace "${of_cluster[@]}" "${hopeless[@]}"
    ! is_release_ours || understand_release "$container_id"
    watch_gateway
    begin nodes gw-nodeclean "${of_cluster[@]}" --keep "$node_name" --since "$started_at" --container-created "$created_at"
}

plan_in_container() {
    choose_image
    say "gateway $gateway: $(state_in_words)"
    ! is_release_ours || is_chart_in_registry || check_choice
    [[ -z $own_image ]] || foresee_image
    step container gw-container ensure "${of_gateway[@]}" "${settings[@]}" "${image[@]}" "${agreed[@]}" --dry-run
    ! is_release_given || say "  release       the chart and the values given would be compared with what is deployed"
    finish "nothing was done; the plan: $(plan_in_words)"
}

# The handshake secret, where the server has one, and the TLS Secrets; what runs beside is waited for, too.
ensure_secrets() {
    local names=()
    [[ $handshake == false ]] || {
        begin secret gw-sshsecret reconcile "${of_cluster[@]}" "${of_workload[@]}" "$@"
        names+=(secret)
    }
    [[ $plaintext == true ]] || {
        begin certificates gw-pki reconcile "${of_cluster[@]}" --gateway "$gateway" "${of_workload[@]}" "${sans[@]}" "${locked[@]}" "$@"
        names+=(certificates)
    }
    [[ -z ${running[nodes]:-} ]] || names+=(nodes)
    end_steps "${names[@]}"
}

# One process tells when the gateway's container ends: tools that know Kubernetes alone would go on asking an API that may come back.
watch_gateway() {
    spawn sentinel "$programs/gw-wait" exited --gateway "$gateway" "${of_docker[@]}" --pid "$$" --timeout 24h 2>"$scratch/sentinel.said"
}

# end_steps NAME...: as `end_step`, of steps beside which the gateway's container runs on; if it does not, neither does this run.
end_steps() {
    local name
    for name; do
        while is_running "$name" && is_running sentinel; do
            wait -n "${running[$name]}" "${running[sentinel]}" || true
        done
        [[ -z ${running[sentinel]:-} ]] || is_running sentinel || fail_with_gateway "$name"
        end_step "$name"
    done
}

# Told by a sentinel that has ended. One that Docker did not answer knows nothing.
fail_with_gateway() {
    local now
    await sentinel || return 0
    document=$(jq -c '.error = {reason: "gateway_exited", message: .shown_by, hint: $hint}' \
        --arg hint "$gw logs --gateway $gateway" "$scratch/sentinel")
    printf '%s: error: %s; next: %s logs --gateway %s\n' "$called" "$(jq -r .shown_by <<<"$document")" "$gw" "$gateway" >&2
    clock
    keep_step "$1" "$((now - begun_at[$1]))"
    fail_step "$1" 1
}

# The image of the gateway: a flag's or the environment's is gw-container's affair, and so is another one that the
# gateway was made with. Else it is the one that this checkout builds.
choose_image() {
    own_image= image=()
    if [[ -z ${given[--image]:-}${OPENSHELL_CLUSTER_IMAGE:-} && (-z $kept_image || $kept_image == openshell/cluster:*) ]]; then
        own_image=$("$root/images/build" --print-tag)
        image=(--image "$own_image")
    fi
    # A new gateway with a release of its own does not deploy the image's chart by itself.
    [[ $state != absent ]] || ! is_release_ours || image+=(--k3s-arg=--disable=openshell)
}

# A dry run builds nothing: the plan is made as if the image were there.
foresee_image() {
    ssh_key_for_docker
    if ! docker image inspect "$own_image" >/dev/null 2>&1; then
        tell_step image "$own_image would be built first" 0
        image+=(--assume-image)
    fi
}

# Before a gateway is stopped or destroyed that needs the image again. detect must have been called.
require_image_needs() {
    choose_image
    [[ -z $own_image ]] || require_needs_of_image
}

require_needs_of_image() {
    ssh_key_for_docker
    docker image inspect "$own_image" >/dev/null 2>&1 || require_needs engine image
}

build_image() {
    [[ -n $own_image ]] || return 0
    require_needs_of_image
    local code=0 now words=()
    [[ $quiet == false ]] || words=(--quiet)
    spawn image "$root/images/build" "${words[@]}"
    await image || code=$?
    [[ $code -eq 0 ]] || fail "$code" image_build_failed "the cluster image could not be built" "images/build"
    clock
    tell_step image "$own_image" "$((now - begun_at[image]))"
}

# What the later steps need of gw-container's document.
read_container() {
    local published_on needs_tunnel
    take node_name=.node_name started_at=.started_at created_at=.created_at kubeconfig=.kubeconfig endpoint=.endpoint published_on=.published \
        needs_tunnel=.needs_tunnel container_id=.container_id spec=.spec plaintext=.spec.plaintext
    take_sans
    published=() through=() since=(--since "$started_at")
    [[ -z $published_on ]] || published=(--published "$published_on")
    [[ $needs_tunnel == false ]] || open_tunnel || fail_step tunnel "$?"
    of_cluster=(--kubeconfig "$kubeconfig" "${limits[@]}")
    hopeless=(--gateway "$gateway" --abort-on GatewayExited "${of_docker[@]}")
    address=${endpoint#*://}
    tls=()
    [[ $plaintext == false ]] || tls=(--plaintext)
}
