# The container engine: does it answer, and who starts it. Sourced by scripts/setup and the driver, after needs.sh.
# shellcheck shell=bash

# By look_at_engine: answers, podman, forbidden (to this user), elsewhere (named by DOCKER_HOST, and silent), stopped or absent.
engine=

look_at_engine() {
    local answer=
    engine=answers
    if has_program docker; then
        if answer=$(timeout 10 docker version --format '{{range .Server.Components}}{{.Name}},{{end}}' 2>&1); then
            [[ $answer != *Podman* ]] || engine=podman
            return
        fi
        case $answer in
        *"ermission denied"*)
            engine=forbidden
            return
            ;;
        esac
        # The command of package podman-docker: it needs no engine.
        [[ $(docker --version 2>/dev/null) != podman* ]] || {
            engine=podman
            return
        }
    fi
    case ${DOCKER_HOST:-} in
    ssh://* | tcp://*)
        engine=elsewhere
        return
        ;;
    esac
    engine=absent
    if has_program dockerd; then
        engine=stopped
    elif podman_answers; then
        engine=podman
    fi
}

# The sockets that the tools look for, too.
podman_answers() {
    local socket
    has_program podman || return 1
    for socket in "${XDG_RUNTIME_DIR:-/nonexistent}/podman/podman.sock" /run/podman/podman.sock; do
        [[ ! -S $socket ]] || ! timeout 5 podman --url "unix://$socket" version >/dev/null 2>&1 || return 0
    done
    return 1
}

# Is this user in Docker's group, though this login does not know it yet?
is_group_new() {
    [[ $engine == forbidden && " $(id -nG "$(id -un)") " == *" docker "* ]]
}
