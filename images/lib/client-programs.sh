# helm and kubectl of the cluster image for this host: beside installed tools, else copied out of the image once, into a cache. Sourced by
# images/build.
# shellcheck shell=bash

client_programs=(helm kubectl)

# client_programs_for TAG: prints the folder with both; its name is the image's id, so that nothing in the cache gets old.
client_programs_for() {
    local image id folder
    if [[ -x $root/programs/helm && -x $root/programs/kubectl ]]; then
        printf '%s\n' "$root/programs"
        return
    fi
    needs docker "install helm 3.14 or a later helm 3"
    for image in "$1" openshell/cluster:local; do
        id=$(docker image inspect --format '{{.Id}}' "$image" 2>/dev/null) || continue
        folder=${XDG_CACHE_HOME:-$HOME/.cache}/openshell/programs/${id#*:}
        if [[ -e $folder ]]; then
            touch -- "$folder"
        else
            copy_client_programs "$image" "$folder" &
            copy=$!
            trap 'kill "$copy" 2>/dev/null || true; wait "$copy" || true; exit 143' TERM
            wait "$copy" || fail 1 "helm and kubectl could not be copied out of $image" "images/build --client-programs"
            say "helm and kubectl are copied out of $image"
        fi
        printf '%s\n' "$folder"
        return
    done
    fail 1 "the cluster image, which has helm and kubectl, is not built" "images/build"
}

# copy_client_programs IMAGE FOLDER: all of the folder or nothing, whenever this run ends. It needs no files of Docker's host, which may be
# another machine.
copy_client_programs() (
    cache=${2%/*} new=$2.new
    umask 077
    mkdir -p -- "$cache" || return
    exec {cache_lock}<>"$cache/lock" || return
    flock "$cache_lock" || return
    [[ ! -e $2 ]] || return 0
    # One name for one cache: what a killed run left is found by the next.
    holder=openshell-programs-$(printf '%s' "$HOSTNAME:$cache" | sha256sum | cut -c 1-12)
    trap 'docker rm --force --volumes "$holder" >/dev/null 2>&1; rm -rf -- "$new"' EXIT
    trap 'exit 143' TERM
    docker rm --force --volumes "$holder" >/dev/null 2>&1 || true
    rm -rf -- "$cache"/*.new
    mkdir -- "$new" || return
    docker create --name "$holder" --network none "$1" >/dev/null || return
    for name in "${client_programs[@]}"; do
        # The program that a link leads to.
        docker cp --follow-link "$holder:/usr/local/bin/$name" "$new/$name" >/dev/null || return
        chmod 755 -- "$new/$name" || return
    done
    # Those of another machine's image may be of another architecture.
    "$new/helm" version >/dev/null && "$new/kubectl" version --client >/dev/null || return
    find "$cache" -mindepth 1 -maxdepth 1 -type d ! -name '*.new' -mtime +7 -exec rm -rf -- {} + || return
    mv -T -- "$new" "$2"
)
