# One run at a time on one gateway: the lock that the tools know, too. Sourced by scripts/openshell.
# shellcheck shell=bash

locked=()
lock=

# lock_and_look VERB: under the gateway's lock, and with what is there under it. What was seen before counts no more.
lock_and_look() {
    take_lock "$1"
    detect
}

# take_lock VERB: keeps the gateway's lock to the end of the run; the tools that write get its descriptor.
take_lock() {
    local holder limit
    [[ -z $lock ]] || return 0
    make_scratch
    limit=$(in_seconds "${given[--timeout]:-5m}")
    while true; do
        mkdir -p -- "$folder"
        exec {lock}<>"$folder/lock" || fail 77 permission "the lock $folder/lock cannot be opened" "see who owns that folder: ls -ld $folder"
        if ! flock --nonblock "$lock"; then
            holder=$(lock_holder)
            say "$holder works on gateway $gateway; waiting for it"
            flock --timeout "$limit" "$lock" || fail 75 locked "$holder still works on gateway $gateway" "wait for it, or end that process"
        fi
        # A run that destroyed the gateway took the file away with the folder: the new one counts.
        [[ ! $folder/lock -ef /proc/self/fd/$lock ]] || break
        exec {lock}>&-
    done
    sign_lock "$$" "$1"
    locked=(--lock-fd "$lock")
}

# A folder that this run made for its lock alone goes with it.
release_lock() {
    [[ $folder/lock -ef /proc/self/fd/$lock && $(ls -A -- "$folder") == lock ]] || return 0
    rm -f -- "$folder/lock"
    rmdir -- "$folder" 2>/dev/null || true
}

sign_lock() {
    printf '%s %s\n' "$1" "$2" >"$folder/lock"
}

# with_lock NAME COMMAND...: what changes the cluster and is none of the tools. It has the lock, and its own name in it: if this run is
# killed, the next one waits for it, and says for which process.
with_lock() {
    local code=0
    lock_kept=true spawn "$@"
    sign_lock "${running[$1]}" "$1 of $verb"
    await "$1" || code=$?
    sign_lock "$$" "$verb"
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
