# say what is there, and whether it serves
#
# Usage: openshell status [flags]
#
# With --json it prints the document of gw-detect.
# Flags: gateway running json
# shellcheck shell=bash

verb_status() {
    programs_ready
    detect
    if [[ $json == true ]]; then
        printf '%s\n' "$document"
    else
        status_table
    fi
}

status_table() {
    jq -r '
        def word: if . == null then "-" elif . == true then "yes" elif . == false then "no" else tostring end;
        ["gateway", .gateway],
        ["state", .state],
        ["endpoint", (.endpoint | word)],
        ["container", (if .container then "\(.container.name) (\(.container.image | word))" else "-" end)],
        ["started", (.container.started_at? | word)],
        ["node", (.container.node_name? | word)],
        ["volume", (if .volume.exists then .volume.name else "-" end)],
        ["network", (if .network.exists then .network.name else "-" end)],
        ["client files", (.client_files.folder | word)],
        ["next", "\(.recommended.action): \(.recommended.reason)"],
        (.conflicts[] | ["conflict", .])
        | @tsv' <<<"$document" | while IFS=$'\t' read -r name value; do
        printf '%-13s %s\n' "$name" "$value"
    done
}
