# destroy of a gateway on a cluster of one's own: what it has there, and nothing else.
# shellcheck shell=bash

# All that the tools made in the namespace, beside the release.
secrets_made=(openshell-server-tls openshell-server-client-ca openshell-client-tls openshell-ca openshell-ssh-handshake)

destroy_on_cluster() {
    local owner begun now
    require_kept_cluster
    resolve_cluster
    require_helm
    take_lock destroy
    step api gw-wait api "${of_cluster[@]}"
    if is_namespace_there; then
        require_same_namespace
        recall_release
        owner=$(namespace_has '.metadata.labels.dev\.openshell\.gateway') || fail_namespace
        if [[ $owner == "$gateway" ]]; then
            consent "destroy gateway $gateway with its sandboxes, secrets and namespace $namespace, with all that is in it"
        else
            consent "destroy gateway $gateway with its sandboxes, volumes and secrets in namespace $namespace"
        fi
        what_is_left="the gateway may be removed in part"
        clock
        begun=$now
        # The server is there to end its sandboxes.
        run_kubectl delete sandboxes.agents.x-k8s.io --selector openshell.ai/managed-by=openshell --ignore-not-found
        quiet_step release gw-release remove --gateway "$gateway" --helm "$helm" "${of_cluster[@]}" "${locked[@]}"
        run_kubectl delete secrets --ignore-not-found "${secrets_made[@]}"
        run_kubectl delete persistentvolumeclaims --selector app.kubernetes.io/instance=openshell --ignore-not-found
        [[ $owner != "$gateway" ]] || run_kubectl delete namespace "$namespace" --ignore-not-found
        clock
        add_step cluster remove "$((now - begun))" "gateway $gateway in namespace $namespace" "it is destroyed"
    else
        consent "remove the client files of gateway $gateway, whose namespace $namespace is gone"
    fi
    remove_client_files
    finish "gateway $gateway is destroyed"
}

# run_kubectl WORDS...: kubectl in the gateway's namespace. A kind that the cluster does not know has no objects.
run_kubectl() {
    local code=0 command
    kubectl_words --namespace "$namespace" "$@"
    with_lock kubectl "${command[@]}" 2>"$scratch/kubectl.log" || code=$?
    [[ $code -eq 0 ]] || grep -q "doesn't have a resource type" "$scratch/kubectl.log" || {
        cat -- "$scratch/kubectl.log" >&2
        fail 1 remove_failed "kubectl $1 $2 failed" "$gw destroy --gateway $gateway, once what kubectl says above is solved"
    }
}

remove_client_files() {
    [[ $(active_gateway) != "$gateway" ]] || rm -f -- "$(client_folder)/active_gateway"
    # Under its name there are all files or none.
    local gone=${folder%/*}/.$gateway.removed
    rm -rf -- "$gone"
    mv -T -- "$folder" "$gone"
    rm -rf -- "$gone"
}
