# say what is there, whether it serves, and how long its certificates hold
#
# Usage: gw status [flags]
#
# With --json it prints the document of gw-detect, with those of gw-pki check (certificates) and gw-sshsecret check (secret);
# they are null where the cluster does not answer.
# Flags: gateway running json
# shellcheck shell=bash

verb_status() {
    programs_ready
    detect
    certificates=null secret=null
    if [[ $state == serving || $state == running ]]; then
        kubeconfig=$folder/kubeconfig
        scratch_made
        # What it says where it cannot be opened is said by the checks, too: they are null then.
        [[ ${DOCKER_HOST:-} != ssh://* ]] || tunnel_opened 2>/dev/null || true
        of_cluster=(--kubeconfig "$kubeconfig" --timeout 5s --quiet)
        release_recalled
        secrets_asked
        secrets_told
    fi
    document=$(jq -c --argjson certificates "$certificates" --argjson secret "$secret" \
        '. + {certificates: $certificates, secret: $secret}' <<<"$document")
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
        ["sandboxes", (.secret | sandboxes)],
        ["client files", (.client_files.folder | word)],
        ["next", "\(.recommended.action): \(.recommended.reason)"],
        (.conflicts[] | ["conflict", .])'
}

# Both at once, and no longer than somebody waits who only looks.
secrets_asked() {
    spawn certificates "$programs/gw-pki" check "${of_cluster[@]}" --gateway "$gateway" "${of_workload[@]}" 2>/dev/null
    spawn secret "$programs/gw-sshsecret" check "${of_cluster[@]}" "${of_workload[@]}" 2>/dev/null
}

# Sets certificates and secret.
secrets_told() {
    # A check that finds something wrong has a document, too.
    await certificates || true
    await secret || true
    certificates=$(jq -c 'select(.error == null)' "$scratch/certificates")
    secret=$(jq -c 'select(.error == null)' "$scratch/secret")
    certificates=${certificates:-null} secret=${secret:-null}
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
