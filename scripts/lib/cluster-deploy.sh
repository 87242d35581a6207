# From what is there on a cluster of one's own to a gateway that serves: namespace, secrets, certificates, chart, wait. Sourced by scripts/openshell.
# shellcheck shell=bash

# A gateway that nobody started here has no file.
require_kept_cluster() {
    [[ -e $folder/cluster.json ]] ||
        fail 1 no_state "there is no gateway $gateway on such a cluster to $verb" "$gw start --gateway $gateway --context NAME"
}

# Where nothing is given that could differ, and it serves, nothing is done.
is_serving_on_cluster() {
    [[ -e $folder/metadata.json && ${#settings[@]} == 0 && -z ${given[--wait-sandboxes]:-} && ${given[--dry-run]:-false} == false ]] || return 1
    ! is_release_given && ! is_cluster_given || return 1
    endpoint=$(jq -r '.gateway_endpoint // ""' "$folder/metadata.json")
    "$programs/gw-wait" grpc --gateway "$gateway" --address "${endpoint#*://}" "${tls[@]}" --timeout 2s --quiet >/dev/null 2>&1 || return 1
    state_before=serving
}

# From what is there to a gateway that serves.
bring_up_on_cluster() {
    local host port
    mkdir -p -- "$folder"
    take_lock "$verb"
    say "gateway $gateway: on a cluster of your own, context $(jq -r .context <<<"$cluster"), namespace $namespace"
    require_helm
    step api gw-wait api "${of_cluster[@]}"
    if [[ ${given[--dry-run]:-false} == true ]]; then
        plan_deployment
        return
    fi
    make_namespace
    step namespace gw-wait namespace "${of_cluster[@]}"
    require_same_namespace
    prepare_release
    if [[ $verb == deploy ]] && ! is_deployment_due; then
        finish "gateway $gateway: nothing to deploy, it runs what is here"
        return
    fi
    keep_cluster
    find_endpoint
    name_endpoint || true
    ensure_secrets
    deploy_release
    [[ $verb != restart ]] || restart_server
    await_endpoint
    if name_endpoint && [[ $plaintext == false ]]; then
        step certificates gw-pki reconcile --restart "${of_cluster[@]}" --gateway "$gateway" "${of_workload[@]}" "${sans[@]}" "${locked[@]}"
    fi
    address_of "$endpoint"
    if is_forwarded && ! forward_for_now 60; then
        cat -- "$scratch/forward.log" >&2
        fail 1 forward_failed "the server's Service cannot be forwarded to this machine" "$gw doctor --gateway $gateway"
    fi
    step grpc gw-wait grpc --gateway "$gateway" --address "$address" "${tls[@]}" "${of_cluster[@]}" "${hopeless_pods[@]}"
    end_forward
    write_client_files
    tell_sandboxes
    if is_forwarded; then
        finish "gateway $gateway serves in its cluster; $gw forward --gateway $gateway makes it reachable on $endpoint"
    else
        finish "gateway $gateway serves on $endpoint, by $endpoint_of"
    fi
}

restart_server() {
    kubectl_says --namespace "$namespace" rollout restart "$server_kind" >/dev/null ||
        fail 1 restart_failed "the server could not be restarted" "$kubectl_called --namespace $namespace describe $server_kind"
    step rollout gw-wait rollout "$server_kind" "${of_cluster[@]}" "${hopeless_pods[@]}"
}

# Says the plan where the chart or its values differ from what runs.
is_deployment_due() {
    [[ $release_step != keep ]] || return 1
    say "gateway $gateway: the plan"
    say "$(printf '  %-13s %s' chart "changed: $release_step the release by helm")"
}

# What is given and what is kept, as a release that can be deployed, and what that takes: a release of somebody else is left alone.
prepare_release() {
    name_choice
    choice+=(--helm "$helm")
    check_choice
    understand_release "$namespace_uid"
    quiet_step plan gw-release plan "${choice[@]}" "${of_cluster[@]}"
    take release_step=.step
}

# One that is not there is made, and marked, so that destroy removes it again.
make_namespace() {
    ! is_namespace_there || return 0
    jq -n --arg namespace "$namespace" --arg gateway "$gateway" '{apiVersion: "v1", kind: "Namespace",
        metadata: {name: $namespace, labels: {"dev.openshell.gateway": $gateway}}}' >"$scratch/namespace.json"
    kubectl_says create --filename "$scratch/namespace.json" >/dev/null ||
        fail 77 permission "namespace $namespace could not be created" "ask who owns the cluster for it, then $gw $verb again"
    add_step namespace create 0 "namespace $namespace" "there is none"
}

# Sets namespace_uid. A gateway's files are about one namespace of one cluster.
require_same_namespace() {
    local known
    namespace_uid=$(namespace_has .metadata.uid) || fail_namespace
    known=$(jq -r '.namespace_uid // ""' <<<"$cluster")
    if [[ -n $known && $known != "$namespace_uid" ]]; then
        fail 1 another_cluster "gateway $gateway is in another namespace than $namespace of this cluster, or that was made anew" \
            "$gw start --gateway NAME with another name; or rm -r $folder, where the old one is gone for good"
    fi
}

# What would be done, by what is there.
plan_deployment() {
    local plan=()
    if ! is_namespace_there; then
        finish "nothing was done; the plan: create namespace $namespace, make the handshake secret and certificates, install release openshell"
        return
    fi
    require_same_namespace
    prepare_release
    find_endpoint
    name_endpoint || true
    ensure_secrets --dry-run
    case $release_step in
    keep) ;;
    install) plan+=("install release openshell") ;;
    *) plan+=("upgrade release openshell") ;;
    esac
    finish "nothing was done; the plan: secrets as said above, ${plan[*]:-the release stays}"
}
