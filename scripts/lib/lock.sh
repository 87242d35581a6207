# One run at a time on one gateway: the lock that the tools know, too. Sourced by scripts/openshell.
# shellcheck shell=bash

locked=()

# Takes the gateway's lock and keeps it to the end of the run; the tools inherit its descriptor.
# Succeeds where it had to be waited for, so that what was seen before is looked at again.
lock_taken() {
    local descriptor waited=1 holder
    mkdir -p -- "$folder"
    exec {descriptor}<>"$folder/lock" || fail 77 permission "the lock $folder/lock cannot be opened" "see who owns that folder"
    if ! flock --nonblock "$descriptor"; then
        holder=$(head -c 200 -- "$folder/lock" | tr '\n' ' ')
        say "another run works on gateway $gateway (${holder:-unknown}); waiting for it"
        flock --timeout 300 "$descriptor" ||
            fail 75 locked "another run still works on gateway $gateway: ${holder:-unknown}" "wait for it, or end that process"
        waited=0
    fi
    printf '%s %s\n' "$$" "$1" >"$folder/lock"
    locked=(--lock-fd "$descriptor")
    return "$waited"
}
