# What is asked of the tools for gw-doctor, which says what their answers mean. Sourced by scripts/openshell.
# shellcheck shell=bash

asked=()
asked_at=
# What gw-doctor is told beside the answers: what its hints have to name.
of_doctor=()
declare -gA exit_codes=() durations=()

# Waits for all answers, and says what is wrong.
tell_diagnosis() {
    local code=0 bundle=${given[--bundle]:-} findings
    collect
    answers >"$scratch/answers"
    of_doctor+=(--namespace "$namespace" --workload "$server_kind" --asked-at "$asked_at" --quiet)
    trace gw-doctor findings "${of_doctor[@]}"
    if [[ -n $bundle ]]; then
        "$programs/gw-doctor" findings "${of_doctor[@]}" --bundle <"$scratch/answers" >"$scratch/bundle" 2>"$scratch/doctor.log" || code=$?
        document=$(tail -n 1 -- "$scratch/doctor.log")
    else
        document=$("$programs/gw-doctor" findings "${of_doctor[@]}" <"$scratch/answers") || code=$?
    fi
    jq -e '.error == null' <<<"$document" >/dev/null || fail_step doctor "$code"
    findings=$(doctor_lines)
    document=$(doctor_document)
    [[ -z $bundle ]] || write_bundle "$bundle"
    tell_findings
    exit "$code"
}

# write_bundle FILE: 0600; - is standard output.
write_bundle() {
    if [[ $1 == - ]]; then
        cat -- "$scratch/bundle"
    else
        cp -- "$scratch/bundle" "$1" || fail 1 bundle_unwritable "the bundle $1 could not be written" "name another file: --bundle FILE"
        chmod 600 -- "$1"
        say "bundle: $1"
    fi
}

# ask NAME TOOL ARGUMENTS...: at once; what it says to people is kept for the bundle.
ask() {
    local name=$1 tool=$2
    shift 2
    make_scratch
    asked+=("$name")
    trace "$tool" "$@"
    spawn "$name" heard "$scratch/$name.log" "$programs/$tool" "$@"
}

# keep_answer NAME: `document` is the answer.
keep_answer() {
    make_scratch
    asked+=("$1") exit_codes[$1]=0 durations[$1]=0
    printf '%s\n' "$document" >"$scratch/$1"
}

heard() {
    exec 2>"$1"
    shift
    exec "$@"
}

# await_answer NAME: waits for it.
await_answer() {
    local code=0 now
    [[ -n ${running[$1]:-} ]] || return 0
    await "$1" || code=$?
    clock
    exit_codes[$1]=$code
    durations[$1]=$((now - begun_at[$1]))
}

# What the cluster has of the server.
ask_server() {
    [[ $handshake == false ]] || ask secret gw-sshsecret check "${of_workload[@]}" "${of_cluster[@]}"
    ask rollout gw-wait rollout "$server_kind" --abort-on ImagePullBackOff --abort-on CrashLoopBackOff=1 --abort-on ContainerExited "${of_cluster[@]}"
    [[ $plaintext == true ]] || ask pki gw-pki check --gateway "$gateway" "${of_workload[@]}" "${sans[@]}" "${of_cluster[@]}"
}

# ask_endpoint FLAGS...: whether it answers at `address`.
ask_endpoint() {
    ask grpc gw-wait grpc --gateway "$gateway" --address "$address" "${published[@]}" "${tls[@]}" "$@"
}

collect() {
    local name
    for name in "${asked[@]}"; do
        await_answer "$name"
    done
}

# What each tool said, as gw-doctor reads it. An answer named `QUESTION of GATEWAY` is about one of several.
answers() {
    local name
    for name in "${asked[@]}"; do
        printf '{"name":"%s"%s,"exit_code":%d,"duration_ms":%d,"document":%s}\n' "${name%% of *}" "$(beside_answer "$name")" \
            "${exit_codes[$name]}" "${durations[$name]}" "$(tail -n 1 -- "$scratch/$name" | grep . || printf null)"
    done
}

beside_answer() {
    [[ $1 != *' of '* ]] || printf ',"gateway":"%s"' "${1#* of }"
    [[ -z ${given[--bundle]:-} ]] || printf ',"said":%s' "$(jq -Rs . "$scratch/$1.log")"
}

# tell_table VERB FLAGS...: what gw-doctor makes of the answers, or with --json the documents in one.
tell_table() {
    local code=0 shown='.text[]'
    [[ $json == false ]] || shown=.seen
    document=$("$programs/gw-doctor" "$@" --quiet <"$scratch/answers") || code=$?
    [[ $code -eq 0 ]] || fail_step "$1" "$code"
    jq -cr "$shown" <<<"$document"
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
         asked: ($asked | map(del(.said))), error}' <<<"$document"
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
