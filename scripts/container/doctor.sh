# say what is wrong with the gateway, why, and what to type next
#
# Usage: gw doctor [flags]
#
# All tools are asked at once, and none of them changes anything. Exit code 0 where nothing is wrong, 1 with findings.
# --timeout is how long each question may take (default 5s).
# Flags: gateway running json bundle
# shellcheck shell=bash

doctor_in_container() {
    require_programs
    patience 5s
    ask_docker
    ask_cluster
    [[ -z $folder ]] || of_doctor+=(--kubeconfig "$folder/kubeconfig")
    # Its container has one in any case.
    command -v kubectl >/dev/null || of_doctor+=(--kubectl "docker exec openshell-cluster-$gateway kubectl")
    tell_diagnosis
}

# What is there, and what Docker, container and host show.
ask_docker() {
    local code lines=50
    [[ -z ${given[--bundle]:-} ]] || lines=5000
    asked_at=$(date --utc +%FT%TZ)
    ask detect gw-detect "${of_gateway[@]}"
    ask container gw-node diagnose --lines "$lines" "${of_gateway[@]}"
    await_answer detect
    code=${exit_codes[detect]} document=$(<"$scratch/detect")
    # A name or a setting that is none is no fault of the gateway.
    if [[ $code -eq 2 || $code -eq 78 ]]; then
        cat -- "$scratch/detect.log" >&2
        fail_step detect "$code"
    fi
    [[ -n $document ]] || document='{}'
    take gateway=.gateway state=.state endpoint=.endpoint folder=.client_files.folder node_name=.container.node_name \
        started_at=.container.started_at plaintext='.spec.plaintext // false'
    take_sans
}

# What its cluster says, where it runs. A kubeconfig of this moment, so that a stale one hides nothing.
ask_cluster() {
    [[ $state =~ ^(running|starting|serving)$ ]] || return 0
    ask kubeconfig gw-node kubeconfig --file "$scratch/cluster.yaml" "${of_gateway[@]}"
    await_answer kubeconfig
    local from=$scratch/cluster.yaml
    [[ -e $from ]] || from=$folder/kubeconfig
    [[ -e $from ]] || return 0
    if [[ $(jq -r '.needs_tunnel // false' "$scratch/kubeconfig") == true ]] && open_tunnel; then
        from=$kubeconfig
    fi
    of_cluster=(--kubeconfig "$from" "${limits[@]}")
    recall_release
    published=() through=() tls=()
    [[ $plaintext == false ]] || tls=(--plaintext)
    mapfile -t published < <(jq -r '.published // empty | "--published", .' "$scratch/kubeconfig")
    address=${endpoint#*://}
    ask api gw-wait api "${of_cluster[@]}"
    ask node gw-wait node "$node_name" --abort-on NodePressure "${of_cluster[@]}"
    ask nodes gw-nodeclean --dry-run --keep "$node_name" --since "$started_at" --grace 0s "${of_cluster[@]}"
    ask_server
    ask_endpoint "${limits[@]}"
}
