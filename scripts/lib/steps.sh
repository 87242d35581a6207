# Steps: each runs one tool, reads its document and says what came of it. Sourced by scripts/openshell.
# shellcheck shell=bash

gateway=
state=
state_before=
endpoint=
document=

# Runs a tool. Its document is kept, its exit code is the driver's where it fails.
# step NAME TOOL ARGUMENTS...
step() {
    local name=$1 tool=$2 code=0 begun gone
    shift 2
    begun=$(now_ms)
    document=$("$programs/$tool" "$@") || code=$?
    gone=$(($(now_ms) - begun))
    step_documents+=("$(jq -cn --arg name "$name" --argjson gone "$gone" --argjson document "${document:-null}" \
        '{name: $name, duration_ms: $gone, document: $document}')")
    if [[ $code -ne 0 ]]; then
        step_failed "$name" "$code"
    fi
    step_line "$name" "$(outcome)" "$gone"
}

# What a step did, from its document.
outcome() {
    jq -r '
        if .dry_run == true then "planned"
        elif .condition? then "\(.condition): answers"
        elif .changed == true then ([.actions[] | .verb] | unique | join(", "))
        else "as it should be" end' <<<"$document"
}

# The tool has said what is wrong and what to type next; the driver adds what is left.
step_failed() {
    local name=$1 code=$2
    if [[ $verb == start && $name != container ]]; then
        printf 'openshell: error: step %s failed; container, volume, secrets and client files are kept; look at: docker logs openshell-cluster-%s\n' \
            "$name" "$gateway" >&2
    fi
    if [[ $json == true ]]; then
        json_document "$(jq -c '.error // {reason: "step_failed", message: "a step ended without a document", hint: "run it again"}' \
            <<<"${document:-null}")"
    fi
    exit "$code"
}

# What is there? Called once, and once more where the lock had to be waited for.
detect() {
    local code=0
    document=$("$programs/gw-detect" "${of_gateway[@]}") || code=$?
    if [[ $code -ne 0 ]]; then
        step_failed detect "$code"
    fi
    local fields
    mapfile -t fields < <(jq -r '.gateway, .state, .endpoint // "", .client_files.folder, .spec.image // ""' <<<"$document")
    gateway=${fields[0]} state=${fields[1]} endpoint=${fields[2]} folder=${fields[3]} kept_image=${fields[4]}
    [[ -n $state_before ]] || state_before=$state
}

# The image of the gateway: a flag's or the environment's is gw-container's affair, and so is another one that the
# gateway was made with. Else it is the one that this checkout builds.
image_chosen() {
    own_image=
    if [[ " ${settings[*]} " == *" --image "* || -n ${OPENSHELL_CLUSTER_IMAGE:-} ]]; then
        return
    fi
    if [[ -z $kept_image || $kept_image == openshell/cluster:* ]]; then
        own_image=$("$root/images/build" --print-tag)
        settings+=(--image "$own_image")
    fi
}

image_ready() {
    [[ -n $own_image ]] || return 0
    local begun code=0
    begun=$(now_ms)
    local words=()
    [[ $quiet == false ]] || words=(--quiet)
    "$root/images/build" "${words[@]}" >/dev/null || code=$?
    [[ $code -eq 0 ]] || fail "$code" image_build_failed "the cluster image could not be built" "images/build"
    step_line image "$own_image" "$(($(now_ms) - begun))"
}

# What the later steps need of gw-container's document.
read_container() {
    local fields
    mapfile -t fields < <(jq -r '.node_name, .started_at, .kubeconfig, .endpoint, .spec.plaintext, .spec.tls_sans[]' <<<"$document")
    node_name=${fields[0]} started_at=${fields[1]} endpoint=${fields[3]} plaintext=${fields[4]}
    of_cluster=(--kubeconfig "${fields[2]}" "${limits[@]}")
    address=${endpoint#*://}
    tls=()
    [[ $plaintext == false ]] || tls=(--plaintext)
    local san
    for san in "${fields[@]:5}"; do
        sans+=(--san "$san")
    done
}
