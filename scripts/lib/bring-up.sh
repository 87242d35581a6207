# From what is there to a gateway that serves. Sourced by scripts/openshell.
# shellcheck shell=bash

# bring_up: detect must have been called. Used by start, resume and restart.
bring_up() {
    if [[ $state == serving && ${#settings[@]} == 0 ]] && ! release_given; then
        finish "gateway $gateway serves already on $endpoint"
        return
    fi
    if [[ -n $registry_token && " ${settings[*]} " != *" --registry-password-file "* ]]; then
        scratch_made
        settings+=(--registry-password-file "$(token_kept)")
    fi
    image_chosen
    lock_taken "$verb" && detect
    say "gateway $gateway: $(state_in_words)"
    local ours=false
    if release_is_ours; then
        ours=true
        release_opened
        [[ ${given[--chart]:-} == oci://* ]] || release_chosen
        # A gateway that is new does not deploy the image's chart by itself.
        [[ $state != absent ]] || settings+=(--k3s-arg=--disable=openshell)
    fi
    if [[ ${given[--dry-run]:-false} == true ]]; then
        step container gw-container ensure "${of_gateway[@]}" "${settings[@]}" --dry-run
        ! release_given || say "  release       the chart and the values given would be compared with what is deployed"
        finish "nothing was done; the plan: $(plan_in_words)"
        return
    fi
    image_ready
    if [[ $ours == true ]]; then
        helm_ready
        [[ ${given[--chart]:-} != oci://* ]] || release_chosen
        # A new gateway has no other; for one that exists it is kept once it is known to be of use.
        [[ $state != absent ]] || release_saved
    fi
    step container gw-container ensure "${of_gateway[@]}" "${settings[@]}" "${locked[@]}"
    read_container
    step api gw-wait api "${of_cluster[@]}"
    if [[ $ours == true ]]; then
        deployment_read "$container_id"
        # An image without a chart of its own makes no namespace.
        [[ $(jq -r .release <<<"$deployment") != null ]] || kubectl_says create namespace openshell >/dev/null 2>&1 || true
    fi
    step namespace gw-wait namespace "${of_cluster[@]}"
    if [[ $ours == true ]]; then
        release_understood
        release_saved
    fi
    begin nodes gw-nodeclean "${of_cluster[@]}" --keep "$node_name" --since "$started_at"
    secrets_ensured
    ended nodes
    [[ $ours == false ]] || release_deployed
    step grpc gw-wait grpc --gateway "$gateway" --address "$address" --published "$published" "${tls[@]}" "${limits[@]}"
    finish "gateway $gateway serves on $endpoint"
}

# The handshake secret, where the server has one, and the TLS Secrets.
secrets_ensured() {
    [[ $handshake == false ]] || begin secret gw-sshsecret reconcile "${of_cluster[@]}" "${of_workload[@]}" "$@"
    if [[ $plaintext == false ]]; then
        step certificates gw-pki reconcile "${of_cluster[@]}" --gateway "$gateway" "${of_workload[@]}" "${sans[@]}" "${locked[@]}" "$@"
    fi
    [[ $handshake == false ]] || ended secret
}

# The image of the gateway: a flag's or the environment's is gw-container's affair, and so is another one that the
# gateway was made with. Else it is the one that this checkout builds.
image_chosen() {
    own_image=
    if [[ -n ${given[--image]:-} || -n ${OPENSHELL_CLUSTER_IMAGE:-} ]]; then
        return
    fi
    if [[ -z $kept_image || $kept_image == openshell/cluster:* ]]; then
        own_image=$("$root/images/build" --print-tag)
        settings+=(--image "$own_image")
    fi
}

image_ready() {
    [[ -n $own_image ]] || return 0
    local code=0 words=()
    [[ $quiet == false ]] || words=(--quiet)
    spawn image "$root/images/build" "${words[@]}"
    await image || code=$?
    [[ $code -eq 0 ]] || fail "$code" image_build_failed "the cluster image could not be built" "images/build"
    step_line image "$own_image" "$(($(now_ms) - begun_at[image]))"
}

# What the later steps need of gw-container's document.
read_container() {
    local fields san
    mapfile -t fields < <(jq -r '.node_name, .started_at, .kubeconfig, .endpoint, .published, .container_id, (.spec | tojson), .spec.plaintext,
        .spec.tls_sans[]' <<<"$document")
    node_name=${fields[0]} started_at=${fields[1]} endpoint=${fields[3]} published=${fields[4]} container_id=${fields[5]} spec=${fields[6]}
    plaintext=${fields[7]}
    of_cluster=(--kubeconfig "${fields[2]}" "${limits[@]}")
    cluster_is "${fields[2]}"
    address=${endpoint#*://}
    tls=()
    [[ $plaintext == false ]] || tls=(--plaintext)
    sans=()
    for san in "${fields[@]:8}"; do
        sans+=(--san "$san")
    done
}
