# say what is there, whether it serves, and how long its certificates hold
#
# Usage: gw status [flags]
#
# Each sandbox is listed with its phase, its age, its pod and its volume claim (PVC). With --json it prints the document of gw-detect,
# with those of gw-pki check (certificates) and gw-sshsecret check (secret), and `sandboxes` of gw-wait's; they are null if the
# cluster does not answer.
# Flags: gateway running json
# shellcheck shell=bash

verb_status() {
    local answers file context namespace_there started
    require_programs
    detect
    make_scratch
    recall_release
    take answers=.cluster.answers file=.cluster.kubeconfig context=.cluster.context namespace_there=.cluster.namespace \
        started=.container.started_at
    if [[ $place == on_cluster && $answers == true ]]; then
        of_cluster=(--kubeconfig "$file" --context "$context" --namespace "$namespace_there" --timeout 5s --quiet)
        look_inside
    elif [[ $place == in_container && $state =~ ^(serving|running)$ ]]; then
        kubeconfig=$folder/kubeconfig
        # What it says where it cannot be opened is said by the checks, too: they are null then.
        [[ ${DOCKER_HOST:-} != ssh://* ]] || open_tunnel 2>/dev/null || true
        of_cluster=(--kubeconfig "$kubeconfig" --timeout 5s --quiet)
        look_inside --since "$started"
    fi
    await_looks
    document=$(jq -c -L "$root/scripts/lib" "${seen[@]}" 'include "status"; . + ({$certificates, $secret, $sandboxes} | looks)' <<<"$document")
    tell_status
}

# look_inside FLAGS...: all at once, and no longer than somebody waits who only looks. The flags are for the look at sandboxes.
look_inside() {
    spawn certificates "$programs/gw-pki" check "${of_cluster[@]}" --gateway "$gateway" "${of_workload[@]}" 2>/dev/null
    spawn secret "$programs/gw-sshsecret" check "${of_cluster[@]}" "${of_workload[@]}" 2>/dev/null
    spawn sandboxes "$programs/gw-wait" sandboxes --no-wait "${of_cluster[@]}" "${of_workload[@]}" "$@" 2>/dev/null
}

# Waits for the looks. Sets `seen`: the flags of jq that give it their documents.
await_looks() {
    local name
    make_scratch
    seen=()
    for name in certificates secret sandboxes; do
        # A check that finds something wrong has a document, too.
        [[ -z ${running[$name]:-} ]] || await "$name" || true
        [[ -e $scratch/$name ]] || : >"$scratch/$name"
        seen+=(--slurpfile "$name" "$scratch/$name")
    done
}

# The document, or a table of it.
tell_status() {
    local name value coloured=false
    if [[ $json == true ]]; then
        printf '%s\n' "$document"
        return
    fi
    # Only where a person looks.
    [[ ! -t 1 || -n ${NO_COLOR:-} || ${given[--no-color]:-false} == true ]] || coloured=true
    jq -r -L "$root/scripts/lib" --arg gw "$gw" 'include "status"; rows($gw) | @tsv' <<<"$document" | while IFS=$'\t' read -r name value; do
        [[ $name != state || $coloured == false ]] || colour_state
        printf '%-13s %s\n' "$name" "$value"
    done
}

# Green where it serves, red where it needs a hand, yellow between: changes value.
colour_state() {
    local colour=33
    case $value in
    serving) colour=32 ;;
    dead | conflict | unreachable) colour=31 ;;
    esac
    printf -v value '\e[%sm%s\e[0m' "$colour" "$value"
}
