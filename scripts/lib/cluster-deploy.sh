# From what is there on a cluster of one's own to a gateway that serves: namespace, secrets, certificates, chart, wait. Sourced by scripts/openshell.
# shellcheck shell=bash

# A gateway that nobody started here has no file.
cluster_is_kept() {
    [[ -e $folder/cluster.json ]] ||
        fail 1 no_state "there is no gateway $gateway on such a cluster to $verb" "$gw start --gateway $gateway --context NAME"
}

# Where nothing is given that could differ, and it serves, nothing is done.
cluster_serves() {
    [[ -e $folder/metadata.json && ${#settings[@]} == 0 && -z ${given[--wait-sandboxes]:-} && ${given[--dry-run]:-false} == false ]] || return 1
    ! release_given && ! cluster_given || return 1
    endpoint=$(jq -r '.gateway_endpoint // ""' "$folder/metadata.json")
    "$programs/gw-wait" grpc --gateway "$gateway" --address "${endpoint#*://}" "${tls[@]}" --timeout 2s --quiet >/dev/null 2>&1 || return 1
    state_before=serving
}

# From what is there to a gateway that serves.
cluster_deployed() {
    local host port
    mkdir -p -- "$folder"
    take_lock "$verb"
    say "gateway $gateway: on a cluster of your own, context $(jq -r .context <<<"$cluster"), namespace $namespace"
    helm_ready
    step api gw-wait api "${of_cluster[@]}"
    if [[ ${given[--dry-run]:-false} == true ]]; then
        deployment_planned
        return
    fi
    namespace_made
    step namespace gw-wait namespace "${of_cluster[@]}"
    namespace_is_the_same
    release_ready
    if [[ $verb == deploy ]] && ! deployment_is_due; then
        finish "gateway $gateway: nothing to deploy, it runs what is here"
        return
    fi
    cluster_kept
    release_saved
    endpoint_found
    endpoint_is_named || true
    secrets_ensured
    release_deployed
    [[ $verb != restart ]] || server_restarted
    endpoint_awaited
    if endpoint_is_named && [[ $plaintext == false ]]; then
        step certificates gw-pki reconcile --restart "${of_cluster[@]}" --gateway "$gateway" "${of_workload[@]}" "${sans[@]}" "${locked[@]}"
    fi
    address_of "$endpoint"
    if is_forwarded && ! forwarded_for_now 60; then
        cat -- "$scratch/forward.log" >&2
        fail 1 forward_failed "the server's Service cannot be forwarded to this machine" "$gw doctor --gateway $gateway"
    fi
    step grpc gw-wait grpc --gateway "$gateway" --address "$address" "${tls[@]}" "${of_cluster[@]}" "${hopeless_pods[@]}"
    forward_ended
    client_files_written
    sandboxes_told
    if is_forwarded; then
        finish "gateway $gateway serves in its cluster; $gw forward --gateway $gateway makes it reachable on $endpoint"
    else
        finish "gateway $gateway serves on $endpoint, by $endpoint_of"
    fi
}

server_restarted() {
    kubectl_says --namespace "$namespace" rollout restart "$server_kind" >/dev/null ||
        fail 1 restart_failed "the server could not be restarted" "$kubectl_called --namespace $namespace describe $server_kind"
    step rollout gw-wait rollout "$server_kind" "${of_cluster[@]}" "${hopeless_pods[@]}"
}

# Says the plan where the chart or its values differ from what runs.
deployment_is_due() {
    local how
    how=$(revision_means)
    [[ $how != keep ]] || return 1
    say "gateway $gateway: the plan"
    say "$(printf '  %-13s %s' chart "changed: $how the release by helm")"
}

# What is given and what is kept, as a release that can be deployed.
release_ready() {
    state=running
    [[ -e $folder/release.tar ]] || state=absent
    release_opened
    release_chosen
    release_understood
    revision_read
    # helm writes its own description over that of a revision that failed: its number tells whose it is.
    [[ $last_revision == null || $description == "openshell "* || -n ${given[--chart]:-} ||
        $(jq .revision <<<"$last_revision") == $(jq .begun <<<"$deployment") ]] ||
        fail 1 release_of_others "release openshell in namespace $namespace was deployed by somebody else, with a chart and values of its own" \
            "$gw $verb with --chart and --values to replace it, or --namespace NAME for another gateway"
}

# One that is not there is made, and marked, so that destroy removes it again.
namespace_made() {
    ! namespace_is_there || return 0
    jq -n --arg namespace "$namespace" --arg gateway "$gateway" '{apiVersion: "v1", kind: "Namespace",
        metadata: {name: $namespace, labels: {"dev.openshell.gateway": $gateway}}}' >"$scratch/namespace.json"
    kubectl_says create --filename "$scratch/namespace.json" >/dev/null ||
        fail 77 permission "namespace $namespace could not be created" "ask who owns the cluster for it, then $gw $verb again"
    step_said namespace create 0 "namespace $namespace" "there is none"
}

# Sets namespace_uid and reads what was deployed to it. A gateway's files are about one namespace of one cluster.
namespace_is_the_same() {
    local known
    namespace_uid=$(namespace_has .metadata.uid) || namespace_unread
    known=$(jq -r '.namespace_uid // ""' <<<"$cluster")
    if [[ -n $known && $known != "$namespace_uid" ]]; then
        fail 1 another_cluster "gateway $gateway is in another namespace than $namespace of this cluster, or that was made anew" \
            "$gw start --gateway NAME with another name; or rm -r $folder, where the old one is gone for good"
    fi
    deployment_read "$namespace_uid"
}

# What would be done, by what is there.
deployment_planned() {
    local plan=()
    if ! namespace_is_there; then
        finish "nothing was done; the plan: create namespace $namespace, make the handshake secret and certificates, install release openshell"
        return
    fi
    namespace_is_the_same
    release_ready
    endpoint_found
    endpoint_is_named || true
    secrets_ensured --dry-run
    case $(revision_means) in
    keep) ;;
    install) plan+=("install release openshell") ;;
    *) plan+=("upgrade release openshell") ;;
    esac
    finish "nothing was done; the plan: secrets as said above, ${plan[*]:-the release stays}"
}
