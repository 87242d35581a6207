# Everything that this project needs of a machine: one list for scripts/setup, scripts/test and the driver. Sourced by them, with `root` set.
# shellcheck shell=bash

# What `look_for` finds missing: words for people, Debian's packages that bring it, and "WHAT|COMMAND" for what no package brings.
unmet=()
missing_packages=()
by_hand=()
go_wanted=1.21
# What an image registry said, once it was asked.
registry_answer=
# Which layers of the cluster image are not built.
layers_due=
# debootstrap runs by sudo, which must not ask for a password in the middle of a build.
root_for_debootstrap="sudo without a password, for debootstrap"

# look_for GROUP...: driver, compile, docker, engine, image, node_programs, tests. Asks for all of them, changes nothing, and fails if
# anything is missing.
look_for() {
    local group
    unmet=() missing_packages=() by_hand=() registry_answer='' layers_due=''
    for group in "$@"; do
        "look_for_$group"
    done
    [[ ${#unmet[@]} -eq 0 ]]
}

look_for_driver() {
    require_program jq jq
}

# Beside an installed driver the programs are built already.
look_for_compile() {
    [[ ! -d $root/programs ]] || return 0
    require_rust
    if ! has_program cc || ! cc -E -xc - <<<'#include <stdio.h>' >/dev/null 2>&1; then
        lack "a C compiler" gcc libc6-dev
    fi
    require_authorities
}

# The command alone, for what asks the engine by it.
look_for_docker() {
    require_program docker docker.io
}

look_for_engine() {
    look_at_engine
    case $engine in
    answers | podman) require_program docker podman-docker ;;
    forbidden) unmet+=("the right of this user to use Docker") ;;
    elsewhere)
        unmet+=("a Docker engine at $DOCKER_HOST")
        by_hand+=("a Docker engine that answers at $DOCKER_HOST|docker version")
        ;;
    stopped)
        unmet+=("a running Docker engine")
        # Debian 13 packages the command apart from the engine.
        has_program docker || missing_packages+=(docker-cli)
        ;;
    absent) lack "a Docker engine" docker.io ;;
    esac
}

# Layers of the cluster image that Docker has are not built. debootstrap is asked for first: whether an image registry takes its place
# costs a question to the network.
look_for_image() {
    look_for_node_programs
    is_layer_due base || return 0
    local lacks_debootstrap=false lacks_root=false
    has_program debootstrap || lacks_debootstrap=true
    [[ $EUID == 0 ]] || has_sudo_without_password || lacks_root=true
    [[ $lacks_debootstrap$lacks_root == *true* ]] || return 0
    ! registry_answers || return 0
    [[ $lacks_debootstrap == false ]] || lack "debootstrap (no image registry answers)" debootstrap
    [[ $lacks_root == false ]] || unmet+=("$root_for_debootstrap")
}

# Go compiles what the node has of others' programs, unless Docker has them or a builder image takes Go's place.
look_for_node_programs() {
    [[ ! -d $root/programs ]] && is_layer_due node || return 0
    ! has_go || return 0
    ! registry_answers || return 0
    unmet+=("Go $go_wanted or later (no image registry answers)")
    by_hand+=("Go $go_wanted or later|$(go_hint)")
    require_authorities
}

# is_layer_due LAYER: images/build is asked once; without an answer of its every layer counts as due.
is_layer_due() {
    [[ -n $layers_due ]] || layers_due="due: $("$root/images/build" --print-due)" || layers_due="due: base node"
    [[ $layers_due == *"$1"* ]]
}

look_for_tests() {
    local entry
    for entry in curl:curl debootstrap:debootstrap docker-registry:docker-registry faketime:faketime flock:util-linux git:git \
        ip:iproute2 make:make openssl:openssl podman:podman python3:python3-venv shellcheck:shellcheck ssh:openssh-client sshd:openssh-server; do
        require_program "${entry%%:*}" "${entry#*:}"
    done
    has_program cargo || return 0
    local part
    for part in fmt clippy; do
        cargo "$part" --version >/dev/null 2>&1 || {
            unmet+=("cargo $part")
            by_hand+=("cargo $part|rustup component add ${part/fmt/rustfmt}")
        }
    done
}

# lack WHAT PACKAGE...
lack() {
    [[ " ${missing_packages[*]} " != *" $2 "* ]] || return 0
    unmet+=("$1")
    missing_packages+=("${@:2}")
}

require_program() {
    has_program "$1" || lack "$1" "$2"
}

# Servers and tools of administrators are not on every user's PATH.
has_program() {
    PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null
}

# Cargo and Go verify by these whom they fetch from.
require_authorities() {
    [[ -n ${SSL_CERT_FILE:-} || -e /etc/ssl/certs/ca-certificates.crt || -e /etc/pki/tls/certs/ca-bundle.crt || -e /etc/ssl/cert.pem ]] ||
        lack ca-certificates ca-certificates
}

require_rust() {
    local wanted have command
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml")
    have=$(cargo --version 2>/dev/null) || true
    have=${have#cargo }
    ! is_version_at_least "${have%% *}" "$wanted" || return 0
    command="curl -sSf https://sh.rustup.rs | sh -s -- -y, then open a new shell"
    ! has_program rustup || command="rustup update stable && rustup default stable"
    unmet+=("Rust $wanted or later")
    by_hand+=("Rust $wanted or later|$command")
}

# GOTOOLCHAIN keeps it from fetching a newer one in order to say its version.
has_go() {
    local have
    have=$(cd / && GOTOOLCHAIN=local go version 2>/dev/null) || return 1
    have=${have#go version go}
    is_version_at_least "${have%% *}" "$go_wanted"
}

go_hint() {
    local machine=amd64
    [[ $HOSTTYPE != aarch64 ]] || machine=arm64
    printf 'curl -L https://go.dev/dl/go1.25.0.linux-%s.tar.gz | %star -xz -C /usr/local, then PATH=$PATH:/usr/local/go/bin' \
        "$machine" "$([[ $EUID == 0 ]] || printf 'sudo ')"
}

# is_version_at_least HAVE WANTED: by their first two numbers.
is_version_at_least() {
    [[ $1 =~ ^([0-9]+)\.([0-9]+) ]] || return 1
    local major=${BASH_REMATCH[1]} minor=${BASH_REMATCH[2]}
    ((major > ${2%%.*} || (major == ${2%%.*} && minor >= ${2#*.})))
}

# A command that sudo runs would take what the person types from the terminal: it is the second question.
has_sudo_without_password() {
    sudo --non-interactive --validate 2>/dev/null || sudo --non-interactive true 2>/dev/null </dev/null
}

# Docker asks the registries that it is configured for, once. A tag that does not exist is answered at once, and nothing is downloaded. A
# registry that takes longer counts as none.
registry_answers() {
    has_program docker || return 1
    [[ -n $registry_answer ]] || registry_answer=$(timeout 0.8 docker pull --quiet debian:openshell-asks 2>&1) || true
    registry_answer=${registry_answer:-none}
    [[ $registry_answer =~ manifest\ unknown|:\ not\ found ]]
}

# join SEPARATOR WORD...
join() {
    local separator=$1 text=$2 word
    for word in "${@:3}"; do
        text+=$separator$word
    done
    printf '%s' "$text"
}
