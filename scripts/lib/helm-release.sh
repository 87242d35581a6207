# The release in the cluster: what helm recorded, and the run of helm that brings it to what it should be. Sourced by scripts/openshell.
# shellcheck shell=bash

# Seconds after which nobody's helm is still at work: its own limit is five minutes.
helm_limit=600
# The last revision, as JSON: {name, revision, status, is_of_node, age}; null where there is none.
last_revision=null

# helm keeps each revision in a Secret. A revision is the cluster image's own where its label has the revision's number.
read_revision() {
    local found
    found=$(kubectl_says --namespace "$namespace" get secrets --selector owner=helm,name=openshell --output json) ||
        fail 69 api_unreachable "the releases of gateway $gateway could not be read" "$gw status --gateway $gateway"
    last_revision=$(jq -c --argjson now "$(date +%s)" '
        [.items[] | .metadata.labels as $labels | {
            name: .metadata.name, revision: ($labels.version | tonumber), status: $labels.status,
            is_of_node: ($labels["dev.openshell.revision"] == $labels.version),
            age: ($now - ($labels.modifiedAt // $labels.createdAt // "0" | tonumber)), data: .data.release
        }] | max_by(.revision)' <<<"$found")
    description=
    [[ $last_revision == null ]] ||
        description=$(jq -r .data <<<"$last_revision" | base64 -d | base64 -d | gzip -dc | jq -r '.info.description // ""')
    last_revision=$(jq -c 'if . then del(.data) else null end' <<<"$last_revision")
}

# What is to be done about the last revision: install, upgrade, keep; wait for who is at work; forget one that nobody will finish,
# because helm refuses to go on before; or ask, where somebody else may still be at it.
decide_revision() {
    jq -rn --argjson last "$last_revision" --argjson begun "$(jq '.begun // 0' <<<"$deployment")" --argjson limit "$helm_limit" \
        --arg description "$description" --arg wanted "openshell $fingerprint" '
        if $last == null then "install"
        elif $last.status | startswith("pending-") then
            if $last.is_of_node and $last.age < $limit then "wait"
            elif $last.revision == $begun or $last.is_of_node or $last.age >= $limit then "forget"
            else "ask" end
        elif $last.status == "deployed" and $description == $wanted then "keep"
        else "upgrade" end'
}

# Brings the release to the chart and the values that are kept, where it is another, and waits for the server.
deploy_release() {
    local begun now how=upgrade code=0 command waited limit
    if [[ $(jq -r '.release // empty' <<<"$deployment") == "$fingerprint" ]]; then
        tell_step release "as it should be" 0
        return
    fi
    clock
    begun=$now
    while true; do
        read_revision
        case $(decide_revision) in
        keep)
            set_deployment '.release = $release' --arg release "$fingerprint"
            clock
            tell_step release "as it should be" "$((now - begun))"
            return
            ;;
        wait)
            clock
            waited=$(((now - begun) / 1000)) limit=$(in_seconds "${given[--timeout]:-5m}")
            ((waited < ${limit%.*})) ||
                fail 124 timed_out "the node of gateway $gateway did not finish its own chart" "$gw logs --gateway $gateway"
            sleep 1
            ;;
        forget)
            say "  a run of helm was not finished: revision $(jq .revision <<<"$last_revision") is made again"
            kubectl_says --namespace "$namespace" delete secret "$(jq -r .name <<<"$last_revision")" >/dev/null ||
                fail 1 release_pending "the unfinished revision could not be removed" "$gw $verb --gateway $gateway"
            ;;
        ask)
            kubectl_flags=${kubectl_flags:-"--kubeconfig $kubeconfig"}
            fail 75 release_pending "somebody else's helm is at work on release openshell, or was killed there" \
                "wait for it, or: $(program_called "$helm") rollback openshell --namespace $namespace ${kubectl_flags/--context/--kube-context}"
            ;;
        *) break ;;
        esac
    done
    [[ $last_revision != null ]] || how=install
    if [[ -z $cluster ]]; then
        free_entry
        release_from_helm_controller
    fi
    helm_words upgrade --install openshell "$chart" --namespace "$namespace" "${values_words[@]}" \
        --description "openshell $fingerprint" --history-max 10 --output json
    upgrade_by_helm || code=$?
    if [[ $code -ne 0 ]] && grep -q 'updates to statefulset spec\|selector.*immutable' "$scratch/helm"; then
        say "  the workload of the server cannot be changed in place: it is made anew, and its volumes stay"
        remove_workloads
        read_revision
        code=0
        upgrade_by_helm || code=$?
    fi
    if [[ $code -ne 0 ]]; then
        cat -- "$scratch/helm" >&2
        fail 1 release_failed "helm could not deploy the chart; the server is as helm left it" \
            "$gw $verb --gateway $gateway, once what helm says above is solved"
    fi
    set_deployment '.release = $release' --arg release "$fingerprint"
    clock
    add_step release "$how" "$((now - begun))" "release openshell" "chart or values differ"
    step rollout gw-wait rollout "$server_kind" "${of_cluster[@]}" "${hopeless[@]}" "${hopeless_pods[@]}"
}

# One run of the array `command`; what it says goes to a file.
upgrade_by_helm() {
    set_deployment '.begun = $begun | .release = null' --argjson begun "$(jq '(.revision // 0) + 1' <<<"$last_revision")"
    with_lock release log_helm
}

log_helm() {
    exec "${command[@]}" 2>"$scratch/helm"
}

# StatefulSets and Deployments of the release: another chart may want what Kubernetes lets nobody change.
remove_workloads() {
    local name
    while read -r name; do
        kubectl_says --namespace "$namespace" delete "$name" >/dev/null
    done < <(kubectl_says --namespace "$namespace" get statefulsets,deployments --output json | jq -r '
        .items[] | select(.metadata.annotations["meta.helm.sh/release-name"] == "openshell") | "\(.kind | ascii_downcase)/\(.metadata.name)"')
}

# A node port has one Service at a time, and helm makes the new one before it removes that of another chart.
free_entry() {
    local name
    while read -r name; do
        kubectl_says --namespace "$namespace" delete service "$name" >/dev/null
    done < <(kubectl_says --namespace "$namespace" get services --output json | jq -r --arg kept "$service_name" '
        .items[] | select(any(.spec.ports[]?; .nodePort == 30051)) | .metadata
        | select(.annotations["meta.helm.sh/release-name"] == "openshell" and .name != $kept) | .name')
}

# k3s's helm controller would bring the chart of its image back; it leaves alone what is marked so. Source: k3s-io/helm-controller, pull
# request 137.
release_from_helm_controller() {
    local kind=helmcharts.helm.cattle.io found
    if ! found=$(kubectl_says --namespace kube-system get "$kind" openshell --ignore-not-found --output name 2>"$scratch/kubectl.log"); then
        # Other clusters have no such kind.
        ! grep -q "doesn't have a resource type" "$scratch/kubectl.log" || return 0
        fail 69 api_unreachable "the HelmChart of gateway $gateway could not be read: $(tail -n 1 "$scratch/kubectl.log")" "$gw $verb --gateway $gateway"
    fi
    [[ -n $found ]] || return 0
    kubectl_says --namespace kube-system annotate "$kind" openshell "$kind/unmanaged=true" --overwrite >/dev/null ||
        fail 1 release_of_image "the HelmChart of the image could not be marked as unmanaged, and would undo this release" "$gw $verb --gateway $gateway"
}
