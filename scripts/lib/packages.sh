# Debian's packages, from the mirrors that this machine's apt is configured for. Sourced by scripts/setup, after needs.sh.
# shellcheck shell=bash

# How root's commands begin.
elevated=()

# Whether this machine's packages are Debian's, by what it says of itself.
is_debian() {
    local line
    has_program apt-get || return 1
    while IFS= read -r line; do
        case $line in
        ID=* | ID_LIKE=*) [[ ${line#*=} != *debian* ]] || return 0 ;;
        esac
    done 2>/dev/null </etc/os-release
    return 1
}

# The name that this machine gives itself.
host_name() {
    local line name="an unknown system"
    while IFS= read -r line; do
        [[ $line != PRETTY_NAME=* ]] || name=${line#*=}
    done 2>/dev/null </etc/os-release
    name=${name#[\"\']}
    printf '%s' "${name%[\"\']}"
}

# Sets `elevated`, and fails if this user cannot become root. On a terminal sudo may ask for a password.
become_root() {
    [[ $EUID != 0 ]] || return 0
    has_program sudo || return 1
    local name kept=()
    for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
        [[ -z ${!name:-} ]] || kept+=("--preserve-env=$name")
    done
    elevated=(sudo "${kept[@]}")
    has_sudo_without_password || { [[ -t 0 ]] && sudo --validate; }
}

# install_packages LOG PACKAGE...: in one call. Services of these packages stay off: whoever needs a server starts it.
install_packages() {
    local log=$1 code=0
    shift
    hold_services || return
    install_in_one_go "$@" >"$log" 2>&1 </dev/null || code=$?
    release_services
    return "$code"
}

# A dpkg that was killed is finished first.
install_in_one_go() {
    local wait=(-o DPkg::Lock::Timeout=300) quiet=(env DEBIAN_FRONTEND=noninteractive)
    "${elevated[@]}" "${quiet[@]}" dpkg --configure -a || return
    "${elevated[@]}" apt-get "${wait[@]}" update || return
    # Debian 13 packages Docker's command apart from its engine.
    [[ " $* " != *" docker.io "* ]] || ! apt-cache show docker-cli >/dev/null 2>&1 || set -- "$@" docker-cli
    "${elevated[@]}" "${quiet[@]}" apt-get "${wait[@]}" install --yes --no-install-recommends "$@"
}

# Debian asks this program whether a service may start. Where there is one already, it is somebody else's; ours is known by its text.
policy=/usr/sbin/policy-rc.d
policy_text='#!/bin/sh
# scripts/setup: services stay off while it installs.
exit 101'

hold_services() {
    [[ ! -e $policy ]] || return 0
    printf '%s\n' "$policy_text" | "${elevated[@]}" tee "$policy" >/dev/null || return
    "${elevated[@]}" chmod 755 "$policy"
}

release_services() {
    [[ ! -e $policy || $(<"$policy") != "$policy_text" ]] || "${elevated[@]}" rm -f -- "$policy"
}
