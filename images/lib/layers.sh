# The images that the cluster image starts from. Sourced by images/build; each function is a phase.
# shellcheck shell=bash

# Builders reach the network as the host does.
network=(--network host)
proxies=(http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY)

proxy_arguments() {
    local name
    for name in "${proxies[@]}"; do
        [[ -z ${!name:-} ]] || printf '%s\n' "$1" "$name"
    done
}

# docker_build FOLDER TAG ARGUMENTS...
docker_build() {
    local folder=$1 tag=$2 proxy
    shift 2
    mapfile -t proxy < <(proxy_arguments --build-arg)
    DOCKER_BUILDKIT=0 docker build --force-rm "${network[@]}" "${proxy[@]}" --tag "$tag" "$@" "$folder"
}

# packages_layer BASE TAG
packages_layer() {
    local context=$work/packages trusted=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
    cp -R -- "$root/images/cluster/packages" "$context"
    mkdir -- "$context/apt"
    apt_sources >"$context/apt/sources.list"
    {
        printf 'Dir::Etc::sourcelist "/run/apt/sources.list";\nDir::Etc::sourceparts "/dev/null";\n'
        apt_proxies
        if [[ -r $trusted ]]; then
            cp -L -- "$trusted" "$context/apt/ca.crt"
            printf 'Acquire::https::CaInfo "/run/apt/ca.crt";\n'
        fi
    } >"$context/apt/apt.conf"
    docker_build "$context" "$2" --build-arg "BASE=$1"
    rm -rf -- "$context"
}

# node_layer TAG: Kubernetes, containerd, etcd, CoreDNS and helm. Beside an installed driver they are compiled already.
node_layer() {
    local folder=$work/node
    if [[ -d $root/programs/node ]]; then
        folder=$root/programs/node
    else
        mkdir -- "$folder"
        node_compiled "$folder"
    fi
    tar --create --directory "$folder" --owner 0 --group 0 . | docker import - "$1"
    rm -rf -- "$work/node"
}

# Where our own compiled programs are: beside an installed driver they were built before.
binaries_folder() {
    local folder=$root/programs
    [[ -d $folder ]] || folder=${CARGO_TARGET_DIR:-$root/target}/$(uname -m)-unknown-linux-gnu/release
    printf '%s\n' "$folder"
}

# Beside an installed driver they are built already.
programs() {
    [[ ! -d $root/programs ]] || return 0
    cd -- "$root"
    cargo build --release --locked --workspace --bins
}

# cluster_image PACKAGES NODE TAG HASH
cluster_image() {
    local context=$work/context binaries rootfs program version
    binaries=$(binaries_folder)
    rootfs=$context/rootfs
    version=$(docker run --rm --network none "$2" /usr/local/bin/kube-apiserver --version)
    mkdir -p "$rootfs"
    cp "$root/images/cluster/Dockerfile" "$context/Dockerfile"
    for program in cluster-node local-path; do
        install -D -m 0755 "$binaries/$program" "$rootfs/usr/local/bin/$program"
    done
    install -D -m 0755 "$binaries/openshell-sandbox" "$rootfs/opt/openshell/bin/openshell-sandbox"
    pod_images "$binaries" "$rootfs/opt/openshell/images"
    bundled_chart "$rootfs/opt/openshell/chart"
    printf '%s\n' "${version#Kubernetes }" >"$rootfs/opt/openshell/kubernetes-version"
    docker_build "$context" "$3" --build-arg "PACKAGES=$1" --build-arg "NODE=$2" \
        --build-arg "VERSION=${version#Kubernetes }" --build-arg "INPUTS=$4" --build-arg "GATEWAY=$(part_hash gateway)" \
        --build-arg "SUPERVISOR=$(part_hash supervisor)" --build-arg "CHART=$(part_hash chart)"
    rm -rf -- "$context"
}
