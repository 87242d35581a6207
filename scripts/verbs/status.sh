# say what is there, whether it serves, and how long its certificates hold
#
# Usage: openshell status [flags]
#
# With --json it prints the document of gw-detect, with those of gw-pki check (certificates) and gw-sshsecret check (secret);
# they are null where the cluster does not answer.
# Flags: gateway running json
# shellcheck shell=bash

verb_status() {
    local certificates=null secret=null
    programs_ready
    detect
    if [[ $state == serving || $state == running ]]; then
        look_at_cluster
    fi
    if [[ $json == true ]]; then
        jq -c --argjson certificates "$certificates" --argjson secret "$secret" \
            '. + {certificates: $certificates, secret: $secret}' <<<"$document"
    else
        status_table
    fi
}

# Both at once, and no longer than somebody waits who only looks.
look_at_cluster() {
    local of_cluster=(--kubeconfig "$folder/kubeconfig" --timeout 5s --quiet)
    spawn certificates "$programs/gw-pki" check "${of_cluster[@]}" --gateway "$gateway" 2>/dev/null
    spawn secret "$programs/gw-sshsecret" check "${of_cluster[@]}" 2>/dev/null
    # A check that finds something wrong has a document, too.
    await certificates || true
    await secret || true
    certificates=$(jq -c 'select(.error == null)' "$scratch/certificates")
    secret=$(jq -c 'select(.error == null)' "$scratch/secret")
    certificates=${certificates:-null} secret=${secret:-null}
}

status_table() {
    local name value
    jq -r --argjson certificates "$certificates" --argjson secret "$secret" '
        def word: if . == null then "-" elif . == true then "yes" elif . == false then "no" else tostring end;
        def since: sub("\\.[0-9]+Z$"; "Z") | fromdateiso8601 | now - . |
            if . < 120 then "\(floor) s" elif . < 7200 then "\(. / 60 | floor) min" elif . < 172800 then "\(. / 3600 | floor) h"
            else "\(. / 86400 | floor) days" end;
        def days: [.certificates[] | select(.days_left != null) | "\(.secret | ltrimstr("openshell-")) \(.days_left) days"] | join(", ");
        def sandboxes: [.holders[] | select(.kind == "sandbox") | .name] |
            if length == 0 then "none" else "\(length): \(join(", "))" end;
        ["gateway", .gateway],
        ["state", .state],
        ["endpoint", (.endpoint | word)],
        ["image", (.container.image? // .spec.image? | word)],
        ["container", (.container.name? | word)],
        ["started", (.container.started_at? | if . then "\(.), \(since) ago" else "-" end)],
        ["node", (.container.node_name? // .volume.node_name? | word)],
        ["volume", (if .volume.exists then .volume.name else "-" end)],
        ["network", (if .network.exists then .network.name else "-" end)],
        ["certificates", ($certificates | if . then days else "-" end)],
        ["secret", ($secret.fingerprint? | word)],
        ["sandboxes", ($secret | if . then sandboxes else "-" end)],
        ["client files", (.client_files.folder | word)],
        ["next", "\(.recommended.action): \(.recommended.reason)"],
        (.conflicts[] | ["conflict", .])
        | @tsv' <<<"$document" | while IFS=$'\t' read -r name value; do
        [[ $name != state ]] || value=$(state_coloured "$value")
        printf '%-13s %s\n' "$name" "$value"
    done
}

# Green where it serves, red where it needs a hand, yellow between; only where a person looks.
state_coloured() {
    local colour
    if [[ ! -t 1 || -n ${NO_COLOR:-} || ${given[--no-color]:-false} == true ]]; then
        printf '%s' "$1"
        return
    fi
    case $1 in
    serving) colour=32 ;;
    dead | conflict) colour=31 ;;
    *) colour=33 ;;
    esac
    printf '\e[%sm%s\e[0m' "$colour" "$1"
}
