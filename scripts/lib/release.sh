# The release of a gateway's server: which chart, with which values. gw-release keeps what somebody chose, and deploys it by helm; where
# nobody chose, the cluster image deploys its own chart. Sourced by scripts/openshell.
# shellcheck shell=bash

# The gateway's cluster: the kubeconfig that leads to it, and the namespace there.
kubeconfig=
namespace=openshell
# Which helm it runs; what is chosen, in words for it; and those with what follows from the gateway's settings.
of_helm=()
choice=()
release=()
# bundled, checkout, or what --chart named.
release_source=
# The hash of what was deployed to its end.
release_deployed=
# What the tools must know of it.
handshake=true
of_workload=()
server_kind=statefulset/openshell
service_name=openshell

# Does gw-release deploy it? On a cluster of one's own nobody else does.
is_release_ours() {
    [[ $place == on_cluster ]] || is_release_given || [[ -e $folder/release.tar ]]
}

# The host's helm if it is fit, else that of the cluster image, which is copied out of it for nothing else.
choose_helm() {
    local helm
    [[ ${#of_helm[@]} -eq 0 ]] || return 0
    of_helm=(--helm helm)
    if ! document=$("$programs/gw-release" helm --gateway "$gateway" 2>/dev/null); then
        ssh_key_for_docker
        spawn programs "$root/images/build" --client-programs ${given[--quiet]:+--quiet}
        ! await programs || of_helm+=(--helm "$(<"$scratch/programs")/helm")
        quiet_step helm gw-release helm --gateway "$gateway" "${of_helm[@]}"
    fi
    take helm=.helm
    of_helm=(--helm "$helm")
}

# name_choice: sets choice to what the flags choose. Values never stand in words, which all users of the machine see.
name_choice() {
    local file
    choice=(--gateway "$gateway")
    [[ -z ${given[--chart]:-} ]] || choice+=(--chart "${given[--chart]}")
    for file in "${values_given[@]}"; do
        choice+=(--values "$file")
    done
    if [[ ${#sets_given[@]} -gt 0 ]]; then
        make_scratch
        printf '%s\0' "${sets_given[@]}" >"$scratch/set"
        choice+=(--set-from "$scratch/set")
    fi
    # Images that were loaded into the node are on its volume: neither a new one nor one from a backup has them.
    if [[ $place == in_container ]] && [[ $state == absent || $verb == restore ]]; then
        choice+=(--new-node)
    fi
}

# Before anything is done. A chart in a registry is pulled, which takes helm.
check_choice() {
    quiet_step choice gw-release choose "${choice[@]}" "${of_helm[@]}" "${limits[@]}" --dry-run
    take release_source=.source
}

# Kept for runs to come, before it is known to be of use.
keep_choice() {
    quiet_step choice gw-release choose "${choice[@]}" "${of_helm[@]}" "${limits[@]}" "${locked[@]}"
    take release_source=.source
}

is_chart_in_registry() {
    [[ ${given[--chart]:-} == oci://* ]]
}

# understand_release CLUSTER: sets release to the choice and what follows from the gateway's settings, and handshake, of_workload,
# server_kind and sans.
understand_release() {
    case ${release_source:-bundled} in
    bundled | checkout) copy_bundled ;;
    esac
    # What the image itself reads of its environment.
    jq '{server: ({disableTls: .plaintext, disableGatewayAuth: .disable_gateway_auth,
        sshGateway: ([{port}, {host: .gateway_host} | select(.[] != null)] | add // {})})}
        * if .registry.pull_policy then {image: {pullPolicy: .registry.pull_policy}} else {} end' <<<"$spec" >"$scratch/base.json"
    release=("${choice[@]}" "${of_helm[@]}" --base-values "$scratch/base.json" --cluster-id "$1")
    [[ ! -e $scratch/bundled ]] || release+=(--bundled "$scratch/bundled")
    [[ $place == on_cluster ]] || release+=(--in-container)
    quiet_step facts gw-release facts "${release[@]}" "${of_cluster[@]}" "${locked[@]}"
    take_facts
}

# The chart of the cluster image, and the values that name the images beside it. An existing cluster gets the chart that came with
# this driver, and decides itself how it is reached.
copy_bundled() {
    [[ ! -e $scratch/bundled ]] || return 0
    if [[ $place == on_cluster ]]; then
        mkdir -- "$scratch/bundled"
        ln -s -- "$root/helm/openshell" "$scratch/bundled/openshell"
        printf '{"service": {"type": "ClusterIP", "nodePort": null}}\n' >"$scratch/bundled/values.json"
        return
    fi
    require_needs docker
    ssh_key_for_docker
    docker cp "openshell-cluster-$gateway:/opt/openshell/chart" "$scratch/bundled" >/dev/null 2>&1 ||
        fail 1 no_chart "the image of gateway $gateway brings no chart" "$gw $verb --chart CHART"
}

# What is known of the release that was deployed, for who only looks.
recall_release() {
    local document
    recall
    take_facts
}

# recall_deployed CLUSTER: sets release_deployed, the hash of what was deployed to this very cluster.
recall_deployed() {
    local document
    recall --cluster-id "$1"
    take release_deployed=.deployed
}

recall() {
    document=$("$programs/gw-release" recall --gateway "$gateway" --quiet "$@" 2>/dev/null) || document='{}'
}

# Sets server_kind, of_workload, service_name and handshake, and adds to sans, where `document` has facts.
take_facts() {
    local workload service needs_secret san
    take workload=.facts.workload service=.facts.service needs_secret=.facts.handshake
    [[ -n $workload ]] || return 0
    server_kind=$workload service_name=${service:-openshell} handshake=$needs_secret
    of_workload=(--workload "$server_kind")
    while read -r san; do
        sans+=(--san "$san")
    done < <(jq -r '.facts.sans[]' <<<"$document")
}

# Brings the release to the chart and the values that are chosen, where it is another, and waits for the server.
deploy_release() {
    local is_changed
    step release gw-release apply "${release[@]}" "${of_cluster[@]}" "${locked[@]}"
    take is_changed='[.actions[].verb] | any(. == "install" or . == "upgrade")'
    [[ $is_changed == false ]] || await_rollout
}

await_rollout() {
    step rollout gw-wait rollout "$server_kind" "${of_cluster[@]}" "${hopeless[@]}" "${hopeless_pods[@]}"
}
