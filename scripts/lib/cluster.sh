# A gateway on a cluster of one's own: its namespace there, and where it is reached. Sourced by scripts/openshell.
# shellcheck shell=bash

# The namespace's uid: a gateway is tied to it. Nothing where there is no such namespace.
namespace_uid=
context=
kubectl_called=
# What gives the endpoint, for people; empty where only `gw forward` does.
endpoint_of=
endpoint_pending=false
release_step=

# A gateway that nobody started here has no file.
require_kept_cluster() {
    [[ -e $folder/cluster.json ]] ||
        fail 1 no_state "there is no gateway $gateway on such a cluster to $verb" "$gw start --gateway $gateway --context NAME"
}

# Settings that are none of a container alone.
require_fitting_settings() {
    local word
    for word in "${settings[@]}"; do
        case $word in
        --port | --tls-san | --plaintext | --no-plaintext | --disable-gateway-auth | --enable-gateway-auth) ;;
        --*) usage_error "${word/password/token} is for a gateway in a container, and $gateway is on a cluster" ;;
        esac
    done
}

# recall_cluster: what is kept of it, for who only looks. gw-release wrote it.
recall_cluster() {
    document=$(<"$folder/cluster.json")
    read_cluster
}

# What the later steps need of a cluster, of which `document` tells.
read_cluster() {
    take kubeconfig=.kubeconfig context=.context namespace=.namespace namespace_uid=.namespace_uid plaintext='.spec.plaintext // false' spec=.spec
    of_cluster=(--kubeconfig "$kubeconfig" --context "$context" --namespace "$namespace" "${limits[@]}")
    printf -v kubectl_called 'kubectl --kubeconfig %q --context %q' "$kubeconfig" "$context"
    tls=() hopeless=(--gateway "$gateway") published=() since=()
    [[ $plaintext == false ]] || tls=(--plaintext)
    take_sans
}

# prepare_namespace STEP FLAGS...: which cluster and namespace are meant, and that the namespace is there.
prepare_namespace() {
    "$1" place gw-release prepare "${of_place[@]}" "${settings[@]}" ${given[--endpoint]:+--endpoint "${given[--endpoint]}"} "${limits[@]}" "${@:2}"
    document=$(jq -c .place <<<"$document")
    read_cluster
}

# prepare_on_cluster: a namespace in which nobody else's release is, and how the gateway is reached there so far.
prepare_on_cluster() {
    choose_helm
    check_choice
    prepare_namespace quiet_step --dry-run
    say "gateway $gateway: on a cluster of your own, ${kubectl_called#kubectl }, namespace $namespace"
    [[ -z $namespace_uid ]] || plan_release
    if [[ $verb == deploy && $release_step == keep ]]; then
        finish "gateway $gateway: nothing to deploy, it runs what is here"
        exit 0
    fi
    [[ $verb != deploy ]] || say "$(printf '  %-13s %s' chart "changed: ${release_step:-install} the release by helm")"
    prepare_namespace step "${locked[@]}"
    if [[ -n $release_step ]]; then
        understand_release "$namespace_uid"
    else
        plan_release
    fi
    find_endpoint
}

# What would be done, by what is there.
plan_on_cluster() {
    local plan
    choose_helm
    check_choice
    prepare_namespace quiet_step --dry-run
    if [[ -z $namespace_uid ]]; then
        finish "nothing was done; the plan: create namespace $namespace, make the handshake secret and certificates, install release openshell"
        return
    fi
    plan_release
    find_endpoint
    [[ ${given[--endpoint]:-found} == found ]] || name_host "${given[--endpoint]}"
    ensure_secrets --dry-run
    case $release_step in
    keep) plan="the release stays" ;;
    install) plan="install release openshell" ;;
    *) plan="upgrade release openshell" ;;
    esac
    finish "nothing was done; the plan: secrets as said above, $plan"
}

# plan_release: sets release_step. A release of somebody else ends the run.
plan_release() {
    understand_release "$namespace_uid"
    quiet_step plan gw-release plan "${release[@]}" "${of_cluster[@]}"
    take release_step=.step
}

# find_endpoint: sets endpoint, endpoint_of and endpoint_pending by what the cluster has at this moment, and adds the endpoint's name to sans.
find_endpoint() {
    local answers cause
    quiet_step endpoint gw-detect --gateway "$gateway" --service "$service_name" "${of_cluster[@]}"
    take endpoint=.endpoint endpoint_of=.cluster.endpoint_of endpoint_pending=.cluster.endpoint_pending answers=.cluster.answers \
        cause='.conflicts | join("; ")'
    [[ $answers == true ]] ||
        fail 69 api_unreachable "where the server is reached could not be read: $cause" "$kubectl_called --namespace $namespace get services,ingresses"
    address=${endpoint#*://}
    [[ -z $endpoint ]] || name_host "$endpoint"
    through=()
    [[ -n $endpoint_of ]] || through=(--through "$service_name")
}

# name_host ENDPOINT: adds the host that clients use to sans.
name_host() {
    local host=${1#*://}
    host=${host%:*} host=${host#[} host=${host%]}
    [[ " ${sans[*]} 127.0.0.1 localhost " == *" $host "* ]] || sans+=(--san "$host")
}

# reach_on_cluster: once the release is deployed, what gives the endpoint may have come about. Clouds take a while to make a load balancer.
reach_on_cluster() {
    local now end limit named="${sans[*]}"
    if [[ $verb == restart ]]; then
        step restart gw-release restart --gateway "$gateway" "${of_cluster[@]}" "${locked[@]}"
        await_rollout
    fi
    clock
    limit=$(in_seconds "${limits[1]}")
    end=$((now + ${limit%.*} * 1000))
    find_endpoint
    while [[ $endpoint_pending == true ]]; do
        clock
        ((now < end)) ||
            fail 124 timed_out "$endpoint_of has no address yet" "$kubectl_called --namespace $namespace describe service $service_name; or name one: --endpoint URL"
        sleep 1
        find_endpoint
    done
    [[ ${sans[*]} == "$named" || $plaintext == true ]] ||
        step certificates gw-pki reconcile --restart "${of_cluster[@]}" --gateway "$gateway" "${of_workload[@]}" "${sans[@]}" "${locked[@]}"
}

# What clients read of the gateway, which becomes the active one.
publish_endpoint() {
    quiet_step publish gw-release publish --gateway "$gateway" --endpoint "$endpoint" "${limits[@]}" "${locked[@]}"
}
