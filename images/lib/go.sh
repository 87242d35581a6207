# Which Go compiles the node's programs: this host's, else that of a builder image. Sourced by images/build.
# shellcheck shell=bash

builder_image=golang:1.26-bookworm
# host or container.
go_is=

# go_chosen: fails before anything is compiled.
go_chosen() {
    if host_go_is_new; then
        go_is=host
    elif is_built "$builder_image" || builder_pulled; then
        go_is=container
    else
        fail 1 "Go 1.21 or newer is not installed, and no image registry answers for the builder image $builder_image" \
            "scripts/setup --check, which says how to install Go"
    fi
}

builder_pulled() {
    say "Go 1.21 or newer is not installed; asking an image registry for $builder_image ..."
    timeout 600 docker pull --quiet "$builder_image" >/dev/null 2>&1
}

# Since 1.21 Go fetches the toolchain that a module asks for.
host_go_is_new() (
    source "$root/scripts/lib/needs.sh"
    has_go
)

# node_programs FOLDER: what the node has of others' Go programs, out of their image if Docker has it, else compiled.
node_programs() {
    local holder
    mkdir -p -- "$1"
    if ! is_built "$node"; then
        node_compiled "$1"
        return
    fi
    holder=$(docker create --network none --label dev.openshell.build=node-programs "$node" /usr/local/bin/kubectl)
    docker cp "$holder:/usr" "$1" >/dev/null
    docker cp "$holder:/opt" "$1" >/dev/null
    docker rm --force "$holder" >/dev/null
}

# node_compiled FOLDER
node_compiled() {
    if [[ $go_is == host ]]; then
        "$root/images/cluster/compile" "$1"
    else
        node_compiled_in_container "$1"
    fi
}

# Its caches lie on a volume that stays for the next build.
node_compiled_in_container() {
    local container=$run-node proxy trusted
    mapfile -t proxy < <(proxy_arguments --env)
    docker create --name "$container" --label "dev.openshell.build=$run" "${network[@]}" "${proxy[@]}" \
        --volume openshell-go:/cache --env GOCACHE=/cache/build --env GOMODCACHE=/cache/modules --env GOPROXY --env GONOSUMDB \
        "$builder_image" /src/compile /out
    docker cp "$root/images/cluster/." "$container:/src"
    trusted=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
    [[ ! -r $trusted ]] || docker cp --follow-link "$trusted" "$container:/src/host-ca.crt"
    docker start --attach "$container"
    docker cp "$container:/out/." "$1"
    docker rm --force "$container"
}
