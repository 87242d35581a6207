# The programs that the driver composes: there, and not older than their sources. Sourced by scripts/openshell.
# shellcheck shell=bash

# Beside an installed driver they are built already.
installed=false
programs=$root/programs
if [[ -d $programs ]]; then
    installed=true
else
    programs=${CARGO_TARGET_DIR:-$root/target}/$HOSTTYPE-unknown-linux-gnu/release
fi
tools=(gw-detect gw-container gw-backup gw-node gw-pki gw-sshsecret gw-nodeclean gw-release gw-wait gw-doctor)

# require_programs [image]: with the word, whatever else the way to a serving gateway needs is asked for before minutes of compiling.
require_programs() {
    if [[ $installed == true ]] || "$root/scripts/build-tools" --check; then
        require_needs driver
        return
    fi
    local groups=(driver compile)
    [[ ${1:-} != image ]] || groups+=(engine)
    [[ ${1:-} != image ]] || ! is_own_image_likely || groups+=(image)
    require_needs "${groups[@]}"
    compile_programs
}

# compile_programs [NAME...]: the tools, where they are old; or these programs of the image.
compile_programs() {
    local words=("$@")
    [[ $quiet == false ]] || words+=(--quiet)
    spawn tools "$root/scripts/build-tools" "${words[@]}"
    await tools || fail 1 build_failed "the programs could not be built" "see the last lines above, then the same command again"
}

# Which image a gateway was made with is known only to the tools, which are not built yet: one that exists is asked about later.
is_own_image_likely() {
    [[ -z ${given[--image]:-}${OPENSHELL_CLUSTER_IMAGE:-} ]] || return 1
    [[ -z $({
        docker ps --all --quiet --filter "name=-$gateway\$"
        docker volume ls --quiet --filter "name=-$gateway\$"
    } 2>/dev/null) ]]
}

# require_needs GROUP...: all that is missing in one error. The groups are those of needs.sh.
require_needs() {
    local code=1
    source "$root/scripts/lib/needs.sh"
    source "$root/scripts/lib/engine.sh"
    ! look_for "$@" || return 0
    has_program jq || json=false
    if [[ ${#unmet[@]} -eq 1 ]]; then
        case $engine in
        forbidden) code=77 ;;
        stopped | elsewhere) code=69 ;;
        esac
    fi
    fail "$code" needs_missing "missing on this machine: $(join ', ' "${unmet[@]}")" "$(file_called "$root/scripts/setup")"
}
