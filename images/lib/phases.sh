# Phases: progress, logs, failures, and what is removed when a build ends early. Sourced by images/build.
# shellcheck shell=bash

run=
work=
job=
keep_log=false

say() {
    [[ $quiet == true ]] || printf 'images/build: %s\n' "$1" >&2
}

# fail CODE WHAT NEXT
fail() {
    printf 'images/build: error: %s; next: %s\n' "$2" "$3" >&2
    exit "$1"
}

needs() {
    command -v "$1" >/dev/null || fail 1 "$1 is not installed" "$2"
}

needs_docker() {
    needs docker "apt-get install docker.io"
    local answer
    if ! answer=$(docker version --format '{{.Server.Version}}' 2>&1); then
        case $answer in
        *"ermission denied"*) fail 77 "this user may not use Docker" "sudo usermod -aG docker \"\$USER\", then log in again" ;;
        *) fail 69 "Docker does not answer: ${answer##*$'\n'}" "systemctl start docker" ;;
        esac
    fi
}

# needs_space FOLDER MEBIBYTES: where the folder is on this machine, its disk must have so much free.
needs_space() {
    local free
    [[ -d $1 ]] || return 0
    free=$(space_left "$1")
    [[ $free -ge $2 ]] ||
        fail 1 "$free MiB are free on the disk of $1, and building the image takes $2 MiB there" "docker system df, to see what can go"
}

# MiB that are free on the disk of a folder.
space_left() {
    df --output=avail --block-size=1M -- "$1" | tail -n 1 | tr -d ' '
}

# Containers, volumes and files of this run carry its name, so that its end finds them all.
build_begins() {
    run=openshell-build-$(od -An -N6 -tx1 /dev/urandom | tr -d ' ')
    work=$(mktemp --directory "${TMPDIR:-/tmp}/$run.XXXXXX") ||
        fail 1 "no folder can be made in ${TMPDIR:-/tmp}" "free space there, or set TMPDIR"
    trap build_cleared EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

build_ended() {
    build_cleared
    trap - EXIT INT TERM
}

build_cleared() {
    local code=$? left
    trap - EXIT INT TERM
    if [[ -n $job ]]; then
        # The phase runs in a process group of its own.
        kill -TERM -- "-$job" 2>/dev/null || true
        wait "$job" 2>/dev/null || true
    fi
    left=$(docker ps --all --quiet --filter "label=dev.openshell.build=$run" 2>/dev/null || true)
    # shellcheck disable=SC2086
    [[ -z $left ]] || docker rm --force --volumes $left >/dev/null 2>&1 || true
    docker volume rm --force "$run" >/dev/null 2>&1 || true
    # Steps of a docker build that did not reach its end.
    docker image prune --force --filter label=dev.openshell.image=cluster >/dev/null 2>&1 || true
    base_cleared "$work/rootfs"
    if [[ $keep_log == true ]]; then
        find "$work" -mindepth 1 -maxdepth 1 ! -name log -exec rm -rf -- {} +
    else
        rm -rf -- "$work"
    fi
    return "$code"
}

phase_unless() {
    local image=$1
    shift
    if is_built "$image"; then
        return
    fi
    phase "$@"
}

# phase NAME FUNCTION ARGUMENTS...: runs it with its output in the log, and says how long it has been running.
phase() {
    local name=$1 begun=$SECONDS spoken=$SECONDS code=0
    shift
    say "$name ..."
    : >"$work/log"
    # Job control gives the phase a process group, so that all of it ends with it.
    set -m
    (
        set -euo pipefail
        "$@"
    ) >"$work/log" 2>&1 </dev/null &
    job=$!
    set +m
    while kill -0 "$job" 2>/dev/null; do
        if ((SECONDS - spoken >= 15)); then
            spoken=$SECONDS
            phase_line "$((SECONDS - begun))" "$name: $(tail -n 1 -- "$work/log" | tr -d '\r' | cut -c 1-60)"
        fi
        sleep 0.2
    done
    wait "$job" || code=$?
    job=
    if [[ $code -ne 0 ]]; then
        keep_log=true
        # Go goes on listing the packages that it compiles after an error: a name alone in a line. Other single words, such as Killed, stay.
        { grep -v -E '^[a-z][a-z0-9.-]*(/[^ ]*)?$' -- "$work/log" || true; } | tail -n 20 | sed 's/^/    /' >&2
        [[ $(space_left "$work") -gt 0 ]] ||
            fail 1 "phase $name failed: no space left on the disk of $work" "free space there, or set TMPDIR to a folder on another disk"
        fail 1 "phase $name failed; its log is $work/log" "see the last lines above, then images/build again"
    fi
    phase_line "$((SECONDS - begun))" "$name"
}

phase_line() {
    [[ $quiet == true ]] || printf '[%4d s] %s\n' "$1" "$2" >&2
}
