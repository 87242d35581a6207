# What people read: progress, questions, errors and the last line. Sourced by scripts/openshell.
# shellcheck shell=bash

quiet=false
json=false

# first_on_path NAME: sets `found` to what a shell runs by that name, or to nothing. It starts no process.
first_on_path() {
    local folder folders
    IFS=: read -ra folders <<<"$PATH"
    for folder in "${folders[@]}"; do
        found=$folder/$1
        [[ ! -f $found || ! -x $found ]] || return 0
    done
    found=
}

# file_called FILE: prints it as the person can type it. A name alone would be looked for on PATH.
file_called() {
    local below=${1#"$PWD/"}
    [[ $below == */* ]] || below=$1
    printf '%q' "$below"
}

# Sets `called`: this program as the person can type it again. A name if PATH leads to it, else the path that was typed.
spell_called() {
    local found program=$0
    # bash reads a name without a folder from the current one first.
    [[ $program == */* || ! -e $program ]] || program=./$program
    first_on_path "${program##*/}"
    [[ $found != "$program" ]] || program=${program##*/}
    printf -v called '%q' "$program"
}
spell_called

# A line of progress.
say() {
    [[ $quiet == true ]] || printf '%s\n' "$1" >&2
}

# A line that --quiet does not keep back.
warn() {
    printf '%s: warning: %s\n' "$called" "$1" >&2
}

# The error in one line with the next command, one JSON document where it was asked for, and the end.
fail() {
    local code=$1 reason=$2 message=$3 hint=$4
    printf '%s: error: %s; next: %s\n' "$called" "$message" "$hint" >&2
    if [[ $json == true ]]; then
        json_document "$(jq -cn --arg reason "$reason" --arg message "$message" --arg hint "$hint" \
            '{reason: $reason, message: $message, hint: $hint}')"
    fi
    exit "$code"
}

# Sets `now`: milliseconds since the machine started, by a clock that nobody sets. It starts no process, as a start on a serving
# gateway takes no longer than a few of them.
clock() {
    local uptime
    read -r uptime _ </proc/uptime
    now=$((10#${uptime/./} * 10))
}

# seconds MILLISECONDS: sets `spelled`, 1234 -> 1.2 s
seconds() {
    printf -v spelled '%d.%d s' "$(($1 / 1000))" "$(($1 % 1000 / 100))"
}

# One line of the table of steps: name, what came of it, how long it took.
tell_step() {
    local spelled
    seconds "$3"
    say "$(printf '  %-13s %-46s %8s' "$1" "$2" "$spelled")"
}

# The last line, and the document where it was asked for.
finish() {
    local now spelled
    clock
    seconds "$((now - began))"
    say "$1 ($spelled)"
    [[ $json == false ]] || json_document null
}

# The document of a run: every step with its own document.
json_document() {
    local now gone
    clock
    gone=$((now - began))
    jq -cn --arg verb "$verb" --arg gateway "${gateway:-}" --arg state "${state_before:-}" \
        --arg endpoint "${endpoint:-}" --argjson gone "$gone" --argjson error "$1" \
        --slurpfile steps <(printf '%s\n' "${step_documents[@]}") '
        def known: if . == "" then null else . end;
        {schema: 1, tool: "openshell", verb: ($verb | known), gateway: ($gateway | known), state_before: ($state | known),
         endpoint: ($endpoint | known), duration_ms: $gone,
         changed: ([$steps[].document.changed // false] | any), steps: $steps,
         warnings: ([$steps[].document.error | values] - [$error]), error: $error}'
}

# Asks before something that cannot be undone.
consent() {
    [[ ${given[--yes]:-false} == false ]] || return 0
    if [[ ! -t 0 || ! -t 2 ]]; then
        fail 2 consent_needed "this would $1, and there is no terminal to ask on" "add --yes if that is meant"
    fi
    local answer
    read -r -p "This will $1. Type the gateway's name to go on: " answer
    [[ $answer == "$gateway" ]] || fail 1 declined "nothing was done" "type the name, or add --yes"
}

# What gw-detect found, for people.
state_in_words() {
    case $state in
    absent) printf 'nothing is there, so it is created' ;;
    volume_only) printf 'its volume is there without a container, so it is resumed' ;;
    stopped) printf 'its container is stopped, so it is started' ;;
    serving) printf 'it serves; the settings given are compared with it' ;;
    *) printf 'its container is %s and does not serve yet, so it is reconciled' "$state" ;;
    esac
}

# The plan of a dry run.
plan_in_words() {
    local plan
    plan=$(jq -r '[.actions[] | "\(.verb) \(.object)"] | join(", ")' <<<"$document")
    printf '%s' "${plan:-nothing would change}"
}
