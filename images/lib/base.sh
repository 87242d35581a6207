# The base layer of all images: Debian, as small as it comes. Sourced by images/build.
# shellcheck shell=bash

suite=bookworm

# base_layer TAG: Debian's slim image where a registry answers soon, else the same made by debootstrap.
base_layer() {
    if timeout 60 docker pull --quiet "debian:$suite-slim"; then
        docker tag "debian:$suite-slim" "$1"
        return
    fi
    command -v debootstrap >/dev/null || {
        echo "no image registry answers, and debootstrap is not installed; next: apt-get install debootstrap"
        return 1
    }
    local elevated=()
    if [[ $(id -u) != 0 ]]; then
        sudo --non-interactive true || {
            echo "no image registry answers, and debootstrap needs root; next: run images/build once as root"
            return 1
        }
        elevated=(sudo --non-interactive)
    fi
    local folder=$work/rootfs code=0
    # mktemp's folder is closed to others, and apt drops its privileges.
    chmod 0755 "$work"
    "${elevated[@]}" debootstrap --variant=minbase "$suite" "$folder" http://deb.debian.org/debian &&
        base_configured "$folder" &&
        "${elevated[@]}" tar --create --directory "$folder" --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' \
            --exclude='./usr/share/info/*' --exclude='./usr/share/locale/*' --exclude='./var/cache/apt/*' \
            --exclude='./var/lib/apt/lists/*' --exclude='./var/log/*' . | docker import --change 'CMD ["bash"]' - "$1" || code=$?
    "${elevated[@]}" rm -rf -- "$folder"
    return "$code"
}

# What Debian's slim image has, too: security updates, and no documentation with later packages.
base_configured() {
    "${elevated[@]}" tee "$1/etc/apt/sources.list" >/dev/null <<EOF
deb http://deb.debian.org/debian $suite main
deb http://deb.debian.org/debian $suite-updates main
deb http://deb.debian.org/debian-security $suite-security main
EOF
    "${elevated[@]}" tee "$1/etc/dpkg/dpkg.cfg.d/docker" >/dev/null <<EOF
path-exclude /usr/share/doc/*
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/man/*
EOF
}
