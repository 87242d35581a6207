# Steps: each runs one tool, reads its document and says what came of it. Sourced by scripts/openshell.
# shellcheck shell=bash

gateway=
state=
state_before=
endpoint=
document=
step_documents=()
# Tools that run at this moment, by step: process, start, program.
declare -A running=() begun_at=()
scratch=
# Standard error of this run, wherever the command writes during which a signal comes.
exec {screen}>&2
# What an interrupted run says of the gateway.
what_is_left="what was done so far stays, and nothing that existed was removed"

# Runs a tool to its end. Its document is kept, its exit code is the driver's where it fails.
# step NAME TOOL ARGUMENTS...
step() {
    begin "$@"
    end_step "$1"
}

# quiet_step NAME TOOL ARGUMENTS...: runs a tool that only looks, of which there is nothing to tell.
quiet_step() {
    local code=0
    begin "$@"
    await "$1" || code=$?
    document=$(<"$scratch/$1")
    [[ $code -eq 0 ]] || fail_step "$1" "$code"
}

# Starts a tool. Several may run side by side; each is waited for by `end_step NAME`.
begin() {
    local name=$1 tool=$2
    shift 2
    trace "$tool" "$@"
    spawn "$name" "$programs/$tool" "$@"
}

# The command line of a tool, for --verbose; secrets are in none.
trace() {
    [[ ${given[--verbose]:-false} == false ]] || printf '+%s\n' "$(printf ' %q' "$@")" >&2
}

# Waits for a tool's end, and says what came of it.
end_step() {
    local code=0 gone
    close_step "$1" || code=$?
    [[ $code -eq 0 ]] || fail_step "$1" "$code"
    tell_step "$1" "$(outcome)" "$gone"
}

# close_step NAME: waits for a tool's end and keeps its document; its exit code. Sets `gone`.
close_step() {
    local code=0 now
    await "$1" || code=$?
    clock
    gone=$((now - begun_at[$1]))
    document=$(<"$scratch/$1")
    keep_step "$1" "$gone"
    return "$code"
}

# tell_sandboxes FLAGS...: says which sandboxes came back. With --wait-sandboxes the run waits for them, else a look that fails is a warning.
tell_sandboxes() {
    local gone words=(sandboxes "${of_cluster[@]}" "${of_workload[@]}" --gateway "$gateway" "$@")
    if [[ -n ${given[--wait-sandboxes]:-} ]]; then
        step sandboxes gw-wait "${words[@]}" "${hopeless[@]}" --timeout "${given[--wait-sandboxes]}"
        return
    fi
    begin sandboxes gw-wait "${words[@]}" --no-wait --timeout 10s 2>"$scratch/sandboxes.said"
    if close_step sandboxes; then
        tell_step sandboxes "$(outcome)" "$gone"
        cat -- "$scratch/sandboxes.said" >&2
    else
        warn "which sandboxes came back is not known: $(jq -r .error.message <<<"$document")"
    fi
}

# spawn NAME COMMAND...: in the background, so that a signal is heard at once. Nothing reads what people type, and only who is
# given the lock's descriptor may keep it longer than this run. A signal that comes before the process's number is known waits for it: else
# nobody would end that process. What a run says to people is not the program's to keep open.
is_spawning=false
signal_kept=()
spawn() {
    local name=$1 now
    shift
    make_scratch
    clock
    begun_at[$name]=$now
    is_spawning=true
    if [[ -z $lock || " $* " == *" --lock-fd "* ]]; then
        "$@" </dev/null >"$scratch/$name" {screen}>&- &
    else
        "$@" </dev/null >"$scratch/$name" {screen}>&- {lock}>&- &
    fi
    running[$name]=$!
    is_spawning=false
    [[ ${#signal_kept[@]} -eq 0 ]] || interrupted "${signal_kept[@]}"
}

# keep_step NAME MILLISECONDS: its document becomes part of the run's.
keep_step() {
    step_documents+=("$(jq -c --arg name "$1" --argjson gone "$2" '{name: $name, duration_ms: $gone, document: .}' <<<"${document:-null}")")
}

# A folder for what this run writes, gone with it; and from then on a signal is said in words.
make_scratch() {
    [[ -z $scratch ]] || return 0
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/openshell.XXXXXX")
    trap leave_nothing EXIT
    trap 'interrupted INT 130' INT
    trap 'interrupted TERM 143' TERM
    trap 'interrupted HUP 129' HUP
}

leave_nothing() {
    end_sentinel
    rm -rf -- "$scratch"
    [[ -z $lock ]] || release_lock
}

# become COMMAND...: the program in place of this run, which leaves nothing of its own.
become() {
    [[ -z $scratch ]] || leave_nothing
    exec "$@"
}

# It only looks: KILL loses nothing.
end_sentinel() {
    [[ -n ${running[sentinel]:-} ]] || return 0
    kill -KILL "${running[sentinel]}" 2>/dev/null || true
    { await sentinel || true; } 2>/dev/null
}

# is_running NAME: has it been begun, and not ended?
is_running() {
    [[ -n ${running[$1]:-} ]] && kill -0 "${running[$1]}" 2>/dev/null
}

# await NAME: its exit code.
await() {
    local code=0
    wait "${running[$1]}" || code=$?
    unset "running[$1]"
    return "$code"
}

# What a step did and what it left, from its document.
outcome() {
    jq -r '
        (if .dry_run == true then "planned"
        elif .sandboxes? then .sandboxes.summary
        elif .condition? then "\(.condition): answers"
        elif .changed == true then ([.actions[] | .verb] | unique | join(", "))
        else null end) as $done |
        (.left? // [] | if length > 1 then "\(.[0].object) and \(length - 1) more" else .[0].object end) as $left |
        if $left then [$done, "left \($left)"] | map(values) | join("; ") else $done // "as it should be" end' <<<"$document"
}

# The tool has said what is wrong and what to type next; the driver adds what is left.
fail_step() {
    local name=$1 code=$2
    end_tools
    if is_recreation_of_use "$name" "$code"; then
        recreate_after "$name"
    fi
    case $name in
    api | namespace | nodes | secret | certificates | grpc)
        printf '%s: error: step %s failed; container, volume, secrets and client files are kept; next: %s logs --gateway %s\n' \
            "$called" "$name" "$gw" "$gateway" >&2
        ;;
    backup)
        [[ $verb == backup ]] ||
            printf '%s: error: without a backup nothing is destroyed; next: the same command with --no-backup, if that is meant\n' "$called" >&2
        ;;
    esac
    if [[ $json == true ]]; then
        json_document "$(jq -c '.error // {reason: "step_failed", message: "a step ended without a document", hint: "run it again"}' \
            <<<"${document:-null}")"
    fi
    exit "$code"
}

# Ends the tools that still run: each stops at its next safe point.
end_tools() {
    local pids=("${running[@]}") pid
    running=()
    [[ ${#pids[@]} -gt 0 ]] || return 0
    for pid in "${pids[@]}"; do
        end_tool "$pid"
    done
    wait "${pids[@]}" 2>/dev/null || true
}

# end_tool PROCESS: one that is not its program yet has this shell's handler of signals, which swallows them.
end_tool() {
    local is_program=false
    while [[ $is_program == false ]]; do
        cmp --quiet "/proc/$1/cmdline" "/proc/$BASHPID/cmdline" 2>/dev/null || is_program=true
        kill -TERM "$1" 2>/dev/null || return 0
    done
}

# interrupted SIGNAL CODE
interrupted() {
    if [[ $is_spawning == true ]]; then
        signal_kept=("$@")
        return
    fi
    trap '' INT TERM HUP
    exec 2>&"$screen"
    end_tools
    fail "$2" interrupted "interrupted by SIG$1; $what_is_left" "$gw $verb${gateway:+ --gateway $gateway}, which goes on from there"
}

# require_gateway TO-DO [NEXT]: fails where there is neither container nor volume.
require_gateway() {
    [[ $state != absent ]] ||
        fail 1 no_state "there is neither a container nor a volume of gateway $gateway to $1" "${2:-$gw start --gateway $gateway}"
}

has_container() {
    [[ $state != absent && $state != volume_only ]]
}

# What is there? Asked before anything is done, and again under the lock.
detect() {
    local code=0
    trace gw-detect "${of_gateway[@]}"
    document=$("$programs/gw-detect" "${of_gateway[@]}") || code=$?
    if [[ $code -ne 0 ]]; then
        fail_step detect "$code"
    fi
    take gateway=.gateway state=.state endpoint=.endpoint folder=.client_files.folder kept_image=.spec.image
    [[ -n $state_before ]] || state_before=$state
}

# take NAME=FILTER...: sets each NAME to what its jq filter gives of `document`, and to nothing for null. Ends the run if jq fails.
take() {
    local pair filters= values lines index=0
    for pair; do
        filters+="${filters:+, }(${pair#*=})"
    done
    values=$(jq -r "[$filters] | .[] | if . == null then \"\" elif type == \"string\" then . else tojson end" <<<"$document") ||
        fail 1 document_unreadable "a tool's document is not understood" "$gw version, which tells what is installed"
    mapfile -t lines <<<"$values"
    for pair; do
        printf -v "${pair%%=*}" '%s' "${lines[index]:-}"
        index=$((index + 1))
    done
}

# Sets sans to the names that the settings in `document` add to the certificates.
take_sans() {
    local san
    sans=()
    while read -r san; do
        sans+=(--san "$san")
    done < <(jq -r '.spec.tls_sans[]?' <<<"$document")
}
