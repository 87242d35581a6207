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
    programs_ready
    detect
    if [[ $state == serving || $state == running ]]; then
        kubeconfig=$folder/kubeconfig
        scratch_made
        # What it says where it cannot be opened is said by the checks, too: they are null then.
        [[ ${DOCKER_HOST:-} != ssh://* ]] || tunnel_opened 2>/dev/null || true
        of_cluster=(--kubeconfig "$kubeconfig" --timeout 5s --quiet)
        release_recalled
        look_inside --since "$(jq -r .container.started_at <<<"$document")"
    fi
    seen_inside
    document=$(jq -c -L "$root/scripts/lib" "${seen[@]}" 'include "status"; . + ({$certificates, $secret, $sandboxes} | looks)' <<<"$document")
    status_told '
        ["gateway", .gateway],
        ["state", .state],
        ["endpoint", (.endpoint | word)],
        ["image", (.container.image? // .spec.image? | word)],
        ["container", (.container.name? | word)],
        ["started", (.container.started_at? | if . then "\(.), \(since) ago" else "-" end)],
        ["node", (.container.node_name? // .volume.node_name? | word)],
        ["volume", (if .volume.exists then .volume.name else "-" end)],
        ["network", (if .network.exists then .network.name else "-" end)],
        ["certificates", (.certificates | days)],
        ["secret", (.secret.fingerprint? | word)],
        (.sandboxes | sandboxes),
        ["client files", (.client_files.folder | word)],
        ["next", "\(.recommended.action): \(.recommended.reason)"],
        (.conflicts[] | ["conflict", .])'
}

# look_inside FLAGS...: all at once, and no longer than somebody waits who only looks. The flags are for the look at sandboxes.
look_inside() {
    spawn certificates "$programs/gw-pki" check "${of_cluster[@]}" --gateway "$gateway" "${of_workload[@]}" 2>/dev/null
    spawn secret "$programs/gw-sshsecret" check "${of_cluster[@]}" "${of_workload[@]}" 2>/dev/null
    spawn sandboxes "$programs/gw-wait" sandboxes --no-wait "${of_cluster[@]}" "${of_workload[@]}" "$@" 2>/dev/null
}

# Waits for the looks. Sets `seen`: the flags of jq that give it their documents.
seen_inside() {
    local name
    scratch_made
    seen=()
    for name in certificates secret sandboxes; do
        # A check that finds something wrong has a document, too.
        [[ -z ${running[$name]:-} ]] || await "$name" || true
        [[ -e $scratch/$name ]] || : >"$scratch/$name"
        seen+=(--slurpfile "$name" "$scratch/$name")
    done
}

# status_told ROWS: the document, or a table of it: a filter gives the rows.
status_told() {
    local name value coloured=false
    if [[ $json == true ]]; then
        printf '%s\n' "$document"
        return
    fi
    # Only where a person looks.
    [[ ! -t 1 || -n ${NO_COLOR:-} || ${given[--no-color]:-false} == true ]] || coloured=true
    jq -r -L "$root/scripts/lib" --arg gw "$gw" --arg kubectl "$kubectl_called" "include \"status\"; ($1) | @tsv" <<<"$document" | while IFS=$'\t' read -r name value; do
        [[ $name != state || $coloured == false ]] || state_coloured
        printf '%-13s %s\n' "$name" "$value"
    done
}

# Green where it serves, red where it needs a hand, yellow between: changes value.
state_coloured() {
    local colour=33
    case $value in
    serving) colour=32 ;;
    dead | conflict | unreachable) colour=31 ;;
    esac
    printf -v value '\e[%sm%s\e[0m' "$colour" "$value"
}
