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
    docker_build "$root/images/cluster/packages" "$2" --build-arg "BASE=$1"
}

# compiled_layer NAME BASE TAG: runs images/cluster/NAME/compile in a container, and keeps what it leaves in /out. Sources
# and caches lie on a volume that is removed afterwards: the layer file system of some machines is slow.
compiled_layer() {
    local name=$1 base=$2 tag=$3 container=$run-$1 proxy trusted
    mapfile -t proxy < <(proxy_arguments --env)
    docker volume create --label "dev.openshell.build=$run" "$run"
    docker create --name "$container" --label "dev.openshell.build=$run" "${network[@]}" "${proxy[@]}" \
        --volume "$run:/work" "$base" /src/compile
    docker cp "$root/images/cluster/$name/." "$container:/src"
    trusted=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
    [[ ! -r $trusted ]] || docker cp --follow-link "$trusted" "$container:/src/host-ca.crt"
    docker start --attach "$container"
    docker cp "$container:/out/." - | docker import - "$tag"
    docker rm --force --volumes "$container"
    docker volume rm "$run"
}

# Beside an installed driver they are built already.
programs() {
    [[ ! -d $root/programs ]] || return 0
    cd -- "$root"
    cargo build --release --locked --workspace --bins
}

# cluster_image PACKAGES KUBERNETES HELM TAG HASH
cluster_image() {
    local context=$work/context binaries=$root/programs rootfs program version
    [[ -d $binaries ]] || binaries=${CARGO_TARGET_DIR:-$root/target}/$(uname -m)-unknown-linux-gnu/release
    rootfs=$context/rootfs
    version=$(docker run --rm --network none "$2" /usr/local/bin/kube-apiserver --version)
    mkdir -p "$rootfs"
    cp "$root/images/cluster/Dockerfile" "$context/Dockerfile"
    for program in cluster-dns cluster-node local-path; do
        install -D -m 0755 "$binaries/$program" "$rootfs/usr/local/bin/$program"
    done
    install -D -m 0755 "$binaries/openshell-sandbox" "$rootfs/opt/openshell/bin/openshell-sandbox"
    pod_images "$binaries" "$rootfs/opt/openshell/images"
    bundled_chart "$rootfs/opt/openshell/chart"
    docker_build "$context" "$4" --build-arg "PACKAGES=$1" --build-arg "KUBERNETES=$2" --build-arg "HELM=$3" \
        --build-arg "VERSION=${version#Kubernetes }" --build-arg "INPUTS=$5"
    rm -rf -- "$context"
}
