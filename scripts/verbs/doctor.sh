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
# The flags with which the tools reach the cluster, for people.
reach=
declare -gA exit_codes=() durations=()

verb_doctor() {
    programs_ready
    patience 5s
    ask_docker
    ask_cluster
    reach="--kubeconfig $folder/kubeconfig"
    kubectl_called="kubectl $reach"
    # Its container has one in any case.
    command -v kubectl >/dev/null || kubectl_called="docker exec openshell-cluster-$gateway kubectl"
    doctor_told
}

# Waits for all answers, and says what is wrong.
doctor_told() {
    local findings count
    collect
    document=$(doctor_document)
    findings=$(doctor_lines <<<"$document")
    count=$(jq '.findings | length' <<<"$document")
    [[ -z ${given[--bundle]:-} ]] || write_bundle "${given[--bundle]}"
    tell_findings
    [[ $count -eq 0 ]] || exit 1
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
    local fields code lines=50
    [[ -z ${given[--bundle]:-} ]] || lines=5000
    asked_at=$(date +%s)
    ask detect gw-detect "${of_gateway[@]}"
    ask container gw-container diagnose --lines "$lines" "${of_gateway[@]}"
    answered detect
    code=${exit_codes[detect]} document=$(<"$scratch/detect")
    # A name or a setting that is none is no fault of the gateway.
    if [[ $code -eq 2 || $code -eq 78 ]]; then
        cat -- "$scratch/detect.log" >&2
        step_failed detect "$code"
    fi
    mapfile -t fields < <(jq -r '.gateway // "", .state // "", .endpoint // "", .client_files.folder // "", .container.node_name // "",
        .container.started_at // "", .spec.plaintext // false, .spec.tls_sans[]?' <<<"${document:-"{}"}")
    gateway=${fields[0]} state=${fields[1]} endpoint=${fields[2]} folder=${fields[3]} node_name=${fields[4]} started_at=${fields[5]}
    plaintext=${fields[6]} sans=()
    local san
    for san in "${fields[@]:7}"; do
        sans+=(--san "$san")
    done
}

# What its cluster says, where it runs. A kubeconfig of this moment, so that a stale one hides nothing.
ask_cluster() {
    [[ $state =~ ^(running|starting|serving)$ ]] || return 0
    ask kubeconfig gw-container kubeconfig --file "$scratch/cluster.yaml" "${of_gateway[@]}"
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

# One document: what was asked, and what is wrong.
doctor_document() {
    local name now existing=false tools_called
    clock
    spell_tools
    [[ -z $cluster ]] || existing=true
    for name in "${asked[@]}"; do
        printf '{"name":"%s","exit_code":%d,"duration_ms":%d,"document":%s}\n' "$name" "${exit_codes[$name]}" "${durations[$name]}" \
            "$(tail -n 1 -- "$scratch/$name" | grep . || printf null)"
    done | jq -cs -L "$root/scripts/lib" --arg gateway "$gateway" --arg state "$state" --arg endpoint "$endpoint" \
        --arg kubeconfig "$folder/kubeconfig" --arg reach "$reach" --arg gw "$gw" --arg tools "$tools_called" --arg kubectl "$kubectl_called" --arg namespace "$namespace" --argjson existing "$existing" --argjson gone "$((now - began))" --argjson asked_at "$asked_at" '
        include "doctor";
        def known: if . == "" then null else . end;
        {schema: 1, tool: "openshell", verb: "doctor", gateway: ($gateway | known), state: ($state | known),
         endpoint: ($endpoint | known), duration_ms: $gone,
         findings: ({now: $asked_at, $kubeconfig, $reach, $namespace, $existing, $gateway, $endpoint, typed: {$gw, $tools, $kubectl}, asked: (map({key: .name, value: {code: .exit_code, document}}) | from_entries)} | findings),
         asked: ., error: null}'
}

# What people read of it.
doctor_lines() {
    jq -r '
        .duration_ms as $gone
        | "\(.asked | length) questions, \($gone / 1000 | floor).\($gone % 1000 / 100 | floor) s" as $cost
        | if .findings == [] then "gateway \(.gateway): nothing is wrong (\($cost))"
          else "gateway \(.gateway): \(.findings | length) finding\(if .findings[1:] == [] then "" else "s" end) (\($cost))",
            (.findings[] | "", "\(.cause): \(.object)", "  \(.message)", "  next: \(.next)")
          end'
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
