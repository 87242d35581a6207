# say what is wrong with the gateway, why, and what to type next
#
# Usage: gw doctor [flags]
#
# All tools are asked at once, and none of them changes anything. Exit code 0 where nothing is wrong, 1 with findings.
# --timeout is how long each question may take (default 5s).
# Flags: gateway running json bundle
# shellcheck shell=bash

asked=()
asked_at=
# What gw-doctor is told beside the answers: what its hints have to name.
of_doctor=()
declare -gA exit_codes=() durations=()

verb_doctor() {
    programs_ready
    patience 5s
    ask_docker
    ask_cluster
    [[ -z $folder ]] || of_doctor+=(--kubeconfig "$folder/kubeconfig")
    # Its container has one in any case.
    command -v kubectl >/dev/null || of_doctor+=(--kubectl "docker exec openshell-cluster-$gateway kubectl")
    doctor_told
}

# Waits for all answers, and says what is wrong.
doctor_told() {
    local findings code=0
    collect
    answers >"$scratch/answers"
    of_doctor+=(--namespace "$namespace" --workload "$server_kind" --asked-at "$asked_at" --quiet)
    traced gw-doctor "${of_doctor[@]}"
    "$programs/gw-doctor" "${of_doctor[@]}" <"$scratch/answers" >"$scratch/doctor" || code=$?
    document=$(<"$scratch/doctor")
    jq -e '.error == null' <<<"$document" >/dev/null || step_failed doctor "$code"
    findings=$(doctor_lines)
    document=$(doctor_document)
    [[ -z ${given[--bundle]:-} ]] || write_bundle "${given[--bundle]}"
    tell_findings
    exit "$code"
}

# ask NAME TOOL ARGUMENTS...: at once; what it says to people is kept for the bundle.
ask() {
    local name=$1 tool=$2
    shift 2
    scratch_made
    asked+=("$name")
    traced "$tool" "$@"
    spawn "$name" heard "$scratch/$name.log" "$programs/$tool" "$@"
}

heard() {
    exec 2>"$1"
    shift
    exec "$@"
}

# answered NAME: waits for it.
answered() {
    local code=0 now
    [[ -n ${running[$1]:-} ]] || return 0
    await "$1" || code=$?
    clock
    exit_codes[$1]=$code
    durations[$1]=$((now - begun_at[$1]))
}

# What is there, and what Docker, container and host show.
ask_docker() {
    local code lines=50
    [[ -z ${given[--bundle]:-} ]] || lines=5000
    asked_at=$(date --utc +%FT%TZ)
    ask detect gw-detect "${of_gateway[@]}"
    ask container gw-node diagnose --lines "$lines" "${of_gateway[@]}"
    answered detect
    code=${exit_codes[detect]} document=$(<"$scratch/detect")
    # A name or a setting that is none is no fault of the gateway.
    if [[ $code -eq 2 || $code -eq 78 ]]; then
        cat -- "$scratch/detect.log" >&2
        step_failed detect "$code"
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
    answered kubeconfig
    local from=$scratch/cluster.yaml
    [[ -e $from ]] || from=$folder/kubeconfig
    [[ -e $from ]] || return 0
    if [[ $(jq -r '.needs_tunnel // false' "$scratch/kubeconfig") == true ]] && tunnel_opened; then
        from=$kubeconfig
    fi
    of_cluster=(--kubeconfig "$from" "${limits[@]}")
    release_recalled
    published=() tls=()
    [[ $plaintext == false ]] || tls=(--plaintext)
    mapfile -t published < <(jq -r '.published // empty | "--published", .' "$scratch/kubeconfig")
    address=${endpoint#*://}
    ask api gw-wait api "${of_cluster[@]}"
    ask node gw-wait node "$node_name" --abort-on NodePressure "${of_cluster[@]}"
    ask nodes gw-nodeclean --dry-run --keep "$node_name" --since "$started_at" --grace 0s "${of_cluster[@]}"
    ask_server
    ask_endpoint
}

# What the cluster has of the server.
ask_server() {
    [[ $handshake == false ]] || ask secret gw-sshsecret check "${of_workload[@]}" "${of_cluster[@]}"
    ask rollout gw-wait rollout "$server_kind" --abort-on ImagePullBackOff --abort-on CrashLoopBackOff=1 --abort-on ContainerExited "${of_cluster[@]}"
    [[ $plaintext == true ]] || ask pki gw-pki check --gateway "$gateway" "${of_workload[@]}" "${sans[@]}" "${of_cluster[@]}"
}

# Whether it answers at `address`.
ask_endpoint() {
    ask grpc gw-wait grpc --gateway "$gateway" --address "$address" "${published[@]}" "${tls[@]}" "${limits[@]}"
}

collect() {
    local name
    for name in "${asked[@]}"; do
        answered "$name"
    done
}

# What each tool said, as gw-doctor reads it.
answers() {
    local name
    for name in "${asked[@]}"; do
        printf '{"name":"%s","exit_code":%d,"duration_ms":%d,"document":%s}\n' "$name" "${exit_codes[$name]}" "${durations[$name]}" \
            "$(tail -n 1 -- "$scratch/$name" | grep . || printf null)"
    done
}

# What people read.
doctor_lines() {
    local lines now spelled
    mapfile -t lines < <(jq -r '.text[]' <<<"$document")
    clock
    seconds "$((now - began))"
    lines[0]+=" (${#asked[@]} questions, $spelled)"
    printf '%s\n' "${lines[@]}"
}

# One document: what is wrong, and what was asked.
doctor_document() {
    local now
    clock
    jq -c --slurpfile asked "$scratch/answers" --argjson gone "$((now - began))" '
        {schema, tool: "openshell", verb: "doctor", gateway, state, endpoint, duration_ms: $gone, findings, unread, missing,
         $asked, error}' <<<"$document"
}

# The findings are the answer: on standard output, unless the bundle goes there.
tell_findings() {
    local answer=$findings
    [[ $json == false ]] || answer=$document
    if [[ ${given[--bundle]:-} == - ]]; then
        printf '%s\n' "$answer" >&2
    else
        printf '%s\n' "$answer"
    fi
}
