# One run at a time on one gateway: the lock that the tools know, too. Sourced by scripts/openshell.
# shellcheck shell=bash

locked=()
lock=

# lock_and_look VERB: under the gateway's lock, and with what is there under it. What was seen before counts no more. A cluster is looked at
# by the steps themselves.
lock_and_look() {
    take_lock "$1"
    [[ $place == on_cluster ]] || detect
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
    printf '%s %s\n' "$$" "$1" >"$folder/lock"
    locked=(--lock-fd "$lock")
}

# A folder that this run made for its lock alone goes with it.
release_lock() {
    [[ $folder/lock -ef /proc/self/fd/$lock && $(ls -A -- "$folder") == lock ]] || return 0
    rm -f -- "$folder/lock"
    rmdir -- "$folder" 2>/dev/null || true
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
