# One run at a time on one gateway: the lock that the tools know, too. Sourced by scripts/openshell.
# shellcheck shell=bash

locked=()
lock=

# Takes the gateway's lock and keeps it to the end of the run; the tools that write get its descriptor.
# Succeeds where it had to be waited for, so that what was seen before is looked at again.
lock_taken() {
    local waited=1 holder
    [[ -z $lock ]] || return 1
    mkdir -p -- "$folder"
    exec {lock}<>"$folder/lock" || fail 77 permission "the lock $folder/lock cannot be opened" "see who owns that folder"
    if ! flock --nonblock "$lock"; then
        holder=$(lock_holder)
        say "$holder works on gateway $gateway; waiting for it"
        flock --timeout "$(in_seconds "${given[--timeout]:-5m}")" "$lock" ||
            fail 75 locked "$holder still works on gateway $gateway" "wait for it, or end that process"
        waited=0
    fi
    lock_held_by "$$" "$1"
    locked=(--lock-fd "$lock")
    return "$waited"
}

lock_held_by() {
    printf '%s %s\n' "$1" "$2" >"$folder/lock"
}

# with_lock NAME COMMAND...: what changes the cluster and is none of the tools. It has the lock, and its own name in it: if this run is
# killed, the next one waits for it, and says for which process.
with_lock() {
    local code=0
    lock_kept=true spawn "$@"
    lock_held_by "${running[$1]}" "$1 of $verb"
    await "$1" || code=$?
    lock_held_by "$$" "$verb"
    return "$code"
}

# Who wrote its name into the lock.
lock_holder() {
    local pid= verb=
    read -r pid verb <"$folder/lock" || true
    if [[ -n $pid ]]; then
        printf 'process %s (%s)' "$pid" "$verb"
    else
        printf 'another run'
    fi
}

# in_seconds DURATION: as the tools read it; what is no duration is refused by them.
in_seconds() {
    case $1 in
    *ms) printf '%d.%03d\n' "$((10#${1%ms} / 1000))" "$((10#${1%ms} % 1000))" ;;
    *s) printf '%s\n' "${1%s}" ;;
    *m) printf '%s\n' "$((10#${1%m} * 60))" ;;
    *) printf '0\n' ;;
    esac
}
