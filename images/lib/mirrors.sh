# Where Debian's packages come from: the mirrors that this host's own apt is configured with, or --mirror. Sourced by images/build.
# shellcheck shell=bash

# URIs; empty where they are not known.
mirror=
security_mirror=

# mirrors_found: --mirror's, which has the security updates beside it, or those of a host that is Debian itself.
mirrors_found() {
    if [[ -n $mirror ]]; then
        mirror=${mirror%/}
        security_mirror=${mirror%/debian}/debian-security
        return
    fi
    local release component uri codename=
    [[ $(os_release ID) == debian ]] || return 0
    codename=$(os_release VERSION_CODENAME)
    while read -r release component uri; do
        case $component:$release in
        "main:$codename") mirror=${uri%/} ;;
        "main:$codename-security") security_mirror=${uri%/} ;;
        esac
    done < <(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null | sort -u)
}

# os_release NAME: its value in /etc/os-release.
os_release() {
    (
        # shellcheck source=/dev/null
        source /etc/os-release 2>/dev/null || true
        printf '%s\n' "${!1:-}"
    )
}

# The lines of apt's sources.list for the suite; nothing where no mirror is known.
apt_sources() {
    [[ -n $mirror ]] || return 0
    printf 'deb %s %s main\n' "$mirror" "$suite" "$mirror" "$suite-updates"
    [[ -z $security_mirror ]] || printf 'deb %s %s main\n' "$security_mirror" "$suite-security"
}

# The proxies that the host's apt uses, as apt's own configuration.
apt_proxies() {
    apt-config dump 2>/dev/null | grep -iE '^Acquire::(http|https)::Proxy' || true
}
