# helm and kubectl that come with the product: beside installed tools, else copied out of the cluster image once, into a cache. Sourced by
# scripts/openshell and scripts/test.
# shellcheck shell=bash

cluster_programs=(helm kubectl)
# The folder with both, and why there is none.
product_programs=
why_no_programs=

# choose_product_programs: sets product_programs and program_image, the image that they are to be copied from if they are not there
# yet. Fails, with why_no_programs, where neither an installation nor an image has them.
choose_product_programs() {
    local id
    program_image=
    if [[ $installed == true && -x $programs/helm && -x $programs/kubectl ]]; then
        product_programs=$programs
        return
    fi
    command -v docker >/dev/null || {
        why_no_programs="there is no docker to copy it out of the cluster image"
        return 1
    }
    for program_image in "$("$root/images/build" --print-tag)" openshell/cluster:local; do
        if id=$(docker image inspect --format '{{.Id}}' "$program_image" 2>/dev/null); then
            # An image of another content has another id: nothing in the cache gets old.
            product_programs=${XDG_CACHE_HOME:-$HOME/.cache}/openshell/programs/${id#*:}
            [[ ! -e $product_programs ]] || touch -- "$product_programs"
            return
        fi
    done
    why_no_programs="the cluster image, which has it, is not built"
    return 1
}

# copy_programs IMAGE FOLDER: all of the folder or nothing, whenever this run ends. It needs no files of Docker's host, which may be
# another machine.
copy_programs() (
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
    for name in "${cluster_programs[@]}"; do
        # The program that a link leads to.
        docker cp --follow-link "$holder:/usr/local/bin/$name" "$new/$name" >/dev/null || return
        chmod 755 -- "$new/$name" || return
    done
    # Those of another machine's image may be of another architecture.
    "$new/helm" version >/dev/null && "$new/kubectl" version --client >/dev/null || return
    find "$cache" -mindepth 1 -maxdepth 1 -type d ! -name '*.new' -mtime +7 -exec rm -rf -- {} + || return
    mv -T -- "$new" "$2"
)
