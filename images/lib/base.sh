# The base layer of all images: Debian, as small as it comes. Sourced by images/build.
# shellcheck shell=bash

suite=bookworm

# Seconds that an image registry gets to answer.
registry_patience=60

# base_layer TAG: Debian's slim image if a registry answers soon, else the same made by debootstrap.
base_layer() {
    if timeout "$registry_patience" docker pull --quiet "debian:$suite-slim"; then
        docker tag "debian:$suite-slim" "$1"
        return
    fi
    PATH=$PATH:/usr/sbin command -v debootstrap >/dev/null || {
        echo "no image registry answers, and debootstrap is not installed; next: scripts/setup"
        return 1
    }
    if [[ $(id -u) != 0 ]] && ! sudo --non-interactive true; then
        echo "no image registry answers, and debootstrap needs root; next: run images/build once as root"
        return 1
    fi
    [[ -n $mirror ]] || {
        echo "no image registry answers, and this host's apt names no mirror of Debian; next: images/build --mirror URL"
        return 1
    }
    local folder=$work/rootfs
    # mktemp's folder is closed to others, and apt drops its privileges.
    chmod 0755 "$work"
    PATH=$PATH:/usr/sbin as_root debootstrap --variant=minbase "$suite" "$folder" "$mirror"
    base_configured "$folder"
    # An identity is made at the first start of a container, not shared by all.
    as_root tar --create --directory "$folder" --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' \
        --exclude='./usr/share/info/*' --exclude='./usr/share/locale/*' --exclude='./var/cache/apt/*' \
        --exclude='./var/lib/apt/lists/*' --exclude='./var/log/*' --exclude=./etc/machine-id --exclude=./var/lib/dbus/machine-id . |
        docker import --change 'CMD ["bash"]' - "$1"
    base_cleared "$folder"
}

as_root() {
    if [[ $(id -u) == 0 ]]; then
        "$@"
    else
        sudo --non-interactive "$@"
    fi
}

# Removes what debootstrap made. One that was killed may have left its mounts.
base_cleared() {
    [[ -d $1 ]] || return 0
    local mounted
    while read -r mounted; do
        as_root umount --lazy "$mounted"
    done < <(awk -v folder="$1/" 'index($2, folder) == 1 { print $2 }' /proc/mounts | sort -r)
    as_root rm -rf --one-file-system -- "$1"
}

# As Debian's slim image has it: no documentation comes with later packages. Each builder gets its own sources.
base_configured() {
    as_root rm -f -- "$1/etc/apt/sources.list"
    as_root tee "$1/etc/dpkg/dpkg.cfg.d/docker" >/dev/null <<EOF
path-exclude /usr/share/doc/*
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/man/*
EOF
}
