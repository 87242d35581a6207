# The images of pods, as the archives that docker save writes, and the chart that names them. Sourced by images/build.
# shellcheck shell=bash

# Equal content gives an equal archive on any day and for any user.
reproducible=(--sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=gnu)

# The binaries are static: an image needs nothing else, except names for its user.
pod_images() {
    local binaries=$1 folder=$2
    mkdir -p "$folder"
    server_images "$binaries" "$folder"
    mkdir -p "$work/pause"
    install -D -m 0755 "$binaries/pause" "$work/pause/pause"
    pod_image pause "$folder" '{"Entrypoint": ["/pause"], "User": "65535:65535"}' 1
}

# The images of server and controller, and that of the sandboxes that they make.
server_images() {
    local binaries=$1 folder=$2 program
    for program in reference-server reference-controller; do
        pod_rootfs "$program"
        install -D -m 0755 "$binaries/$program" "$work/$program/usr/local/bin/$program"
        pod_image "$program" "$folder" "{\"Entrypoint\": [\"/usr/local/bin/$program\"], \"User\": \"1000:1000\"}"
    done
    # A sandbox's program comes from the node; its image changes only when it must.
    pod_rootfs sandbox
    pod_image sandbox "$folder" '{"User": "1000:1000"}'
}

# server_images_loaded BINARIES FOLDER: gives Docker the images of server, controller and sandboxes. In the folder are the chart's values
# that name them, and the names of those that Docker did not have before.
server_images_loaded() {
    local name image
    mkdir -p "$work/archives" "$2"
    server_images "$1" "$work/archives"
    image_values >"$2/values.json"
    : >"$2/loaded"
    : >"$2/images"
    for name in reference-server reference-controller sandbox; do
        image=openshell/$name:$(<"$work/$name.tag")
        is_built "$image" || {
            docker load --quiet --input "$work/archives/$name@$(<"$work/$name.tag").tar" >/dev/null
            printf '%s\n' "$image" >>"$2/loaded"
        }
        printf '%s\n' "$image" >>"$2/images"
    done
}

# image_values: the chart's values that name the images which server_images made.
image_values() {
    jq -n --arg server "$(<"$work/reference-server.tag")" --arg controller "$(<"$work/reference-controller.tag")" \
        --arg sandbox "$(<"$work/sandbox.tag")" '{
        image: {repository: "openshell/reference-server", tag: $server, pullPolicy: "IfNotPresent"},
        controller: {image: {repository: "openshell/reference-controller", tag: $controller}},
        server: {sandboxImage: "openshell/sandbox:\($sandbox)"}}'
}

pod_rootfs() {
    mkdir -p "$work/$1/etc" "$work/$1/tmp"
    chmod 1777 "$work/$1/tmp"
    printf '%s\n' 'root:x:0:0::/:' 'openshell:x:1000:1000::/:' >"$work/$1/etc/passwd"
    printf '%s\n' 'root:x:0:' 'openshell:x:1000:' >"$work/$1/etc/group"
}

# pod_image NAME FOLDER CONFIG [TAG]: archives $work/NAME as openshell/NAME:TAG; the tag is 12 digits of its content's hash.
pod_image() {
    local name=$1 folder=$2 settings=$3 tag=${4:-} archive=$work/$1-archive layer config
    mkdir -p "$archive"
    tar "${reproducible[@]}" --create --directory "$work/$name" --file "$archive/layer.tar" .
    layer=$(sha256sum "$archive/layer.tar" | cut -d ' ' -f 1)
    jq -cn --arg layer "sha256:$layer" --argjson config "$settings" '{architecture: "amd64", os: "linux",
        created: "1970-01-01T00:00:00Z", config: $config, rootfs: {type: "layers", diff_ids: [$layer]},
        history: [{created: "1970-01-01T00:00:00Z"}]}' >"$archive/config"
    config=$(sha256sum "$archive/config" | cut -d ' ' -f 1)
    mv "$archive/config" "$archive/$config.json"
    tag=${tag:-${config:0:12}}
    jq -cn --arg config "$config.json" --arg image "openshell/$name:$tag" \
        '[{Config: $config, RepoTags: [$image], Layers: ["layer.tar"]}]' >"$archive/manifest.json"
    tar "${reproducible[@]}" --create --directory "$archive" --file "$folder/$name@$tag.tar" .
    printf '%s\n' "$tag" >"$work/$name.tag"
    rm -rf -- "$archive" "${work:?}/$name"
}

# bundled_chart FOLDER: the chart, values that name the images above, and a hash of both.
bundled_chart() {
    mkdir -p "$1"
    cp -R "$root/helm/openshell" "$1/openshell"
    image_values >"$1/values.json"
    (cd -- "$1" && find openshell values.json -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c 1-16) \
        >"$1.hash"
    mv "$1.hash" "$1/hash"
}
