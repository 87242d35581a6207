# What an image is made from, as a hash. Sourced by images/build and scripts/openshell.
# shellcheck shell=bash

# Files below the given paths, relative to the checkout, that git knows or would take; in a copy without git, all files.
input_files() {
    local files
    if ! files=$(git -C "$root" ls-files --cached --others --exclude-standard -- "$@" 2>/dev/null) || [[ -z $files ]]; then
        files=$(cd -- "$root" && find "$@" -type f)
    fi
    # git lists a file that was deleted and not committed; tests are in no image.
    grep -v '/tests/' <<<"$files" | sort -u | while read -r file; do
        [[ ! -f $root/$file ]] || printf '%s\n' "$file"
    done
}

# inputs_hash PATH... [WORD]: a hash of the content below the paths, and of words that are no paths; 64 hex digits.
full_hash() {
    local path paths=() words=()
    for path in "$@"; do
        if [[ -e $root/$path ]]; then paths+=("$path"); else words+=("$path"); fi
    done
    {
        input_files "${paths[@]}" | (cd -- "$root" && xargs -r -d '\n' sha256sum)
        printf '%s\n' "${words[@]}"
    } | LC_ALL=C sort | sha256sum | cut -d ' ' -f 1
}

inputs_hash() {
    full_hash "$@" | cut -c 1-12
}

# The folders of a crate and of every crate that it depends on by path.
crate_folders() {
    local folder=$1 next
    printf '%s\n' "$folder"
    while read -r next; do
        crate_folders "$(realpath --relative-to="$root" "$root/$folder/$next")"
    done < <(awk '/^\[/ { on = /^\[(build-)?dependencies\]/ } on' "$root/$folder/Cargo.toml" | sed -n 's/.*path = "\([^"]*\)".*/\1/p')
}

# Everything that the cluster image is made from. Beside an installed driver the sources of its programs are not there: what
# they were built from was written down.
cluster_hash() {
    local crates
    if [[ -r $root/images/built-from ]]; then
        cat -- "$root/images/built-from"
        return
    fi
    mapfile -t crates < <(for crate in images/cluster/{node,local-path} images/reference/{server,controller,supervisor}; do
        crate_folders "$crate"
    done | sort -u)
    full_hash Cargo.toml Cargo.lock .cargo/config.toml images/build images/lib images/cluster helm/openshell "${crates[@]}"
}

# part_hash gateway | supervisor | chart: what this part of a running gateway is made from.
part_hash() {
    local crates compiled=(Cargo.toml Cargo.lock .cargo/config.toml)
    case $1 in
    gateway)
        mapfile -t crates < <(for crate in images/reference/{server,controller}; do crate_folders "$crate"; done | sort -u)
        inputs_hash "${compiled[@]}" images/lib/pod-images.sh "${crates[@]}"
        ;;
    supervisor)
        mapfile -t crates < <(crate_folders images/reference/supervisor | sort -u)
        inputs_hash "${compiled[@]}" "${crates[@]}"
        ;;
    chart) inputs_hash helm/openshell ;;
    esac
}
