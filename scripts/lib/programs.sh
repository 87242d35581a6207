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
    local groups=(driver)
    if [[ $installed == true ]] || has_fresh_programs; then
        require_needs "${groups[@]}"
        return
    fi
    groups+=(compile)
    [[ ${1:-} != image ]] || groups+=(engine)
    [[ ${1:-} != image ]] || ! is_own_image_likely || groups+=(image)
    require_needs "${groups[@]}"
    build_programs
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
    # shellcheck source=scripts/lib/needs.sh
    source "$root/scripts/lib/needs.sh"
    # shellcheck source=scripts/lib/engine.sh
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

# The stamp is as old as the start of the last build that succeeded.
has_fresh_programs() {
    local stamp=$programs/openshell-tools.stamp tool file
    [[ -e $stamp ]] || return 1
    for tool in "${tools[@]}"; do
        [[ -x $programs/$tool ]] || return 1
    done
    shopt -s globstar
    for file in "$root"/Cargo.toml "$root"/Cargo.lock "$root"/.cargo/* "$root"/crates/** "$root"/tools/**; do
        [[ $file -ot $stamp || -d $file ]] || return 1
    done
}

build_programs() {
    local log begun now stamp code=0 build
    log=$(mktemp "${TMPDIR:-/tmp}/openshell-cargo.XXXXXX")
    clock
    begun=$now
    say "building the tools, once; minutes on a small machine"
    stamp=$(mktemp "${TMPDIR:-/tmp}/openshell-stamp.XXXXXX")
    # --bins compiles no test, and nothing that only tests use. A selection of packages compiles as many crates, but some with other
    # features, which the tests would compile once more.
    cargo_run build --release --locked --workspace --bins >"$log" 2>&1 &
    build=$!
    trap 'kill "$build" 2>/dev/null; rm -f -- "$log" "$stamp"; trap - INT; kill -INT $$' INT
    follow "$build" "$log" "$begun" || code=$?
    trap - INT
    if [[ $code -ne 0 ]]; then
        show_tail "$log"
        rm -f -- "$log" "$stamp"
        fail 1 tools_build_failed "the tools could not be built" "cargo build --release --workspace --bins"
    fi
    mv -- "$stamp" "$programs/openshell-tools.stamp"
    rm -f -- "$log"
    clock
    tell_step tools built "$((now - begun))"
}

# cargo_run WORDS...: cargo on this checkout, in place of the shell that calls it.
cargo_run() {
    # Other users of this machine may run the tools, whatever the files of gateways allow.
    umask 022
    cd -- "$root" || exit
    # What another cargo told the program that runs this one would let build scripts run anew.
    unset "${!CARGO_PKG_@}" CARGO_MANIFEST_DIR
    exec cargo "$@"
}

# Waits for a background job, and says each quarter of a minute how far its log is.
follow() {
    local job=$1 log=$2 begun=$3 spoken=0 now gone
    while kill -0 "$job" 2>/dev/null; do
        clock
        gone=$((now - begun))
        if ((gone - spoken >= 15000)); then
            spoken=$gone
            tell_step tools "$(tail -n 1 -- "$log" | sed 's/^ *//' | cut -c 1-46)" "$gone"
        fi
        sleep 0.2
    done
    wait "$job"
}
