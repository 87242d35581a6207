# list every gateway on this Docker; a star marks the active one
#
# Usage: openshell list [flags]
#
# With --json it prints the document of gw-detect --all.
# Flags: running json
# shellcheck shell=bash

verb_list() {
    programs_ready
    local code=0
    document=$("$programs/gw-detect" --all "${of_gateway[@]}") || code=$?
    [[ $code -eq 0 ]] || step_failed detect "$code"
    if [[ $json == true ]]; then
        printf '%s\n' "$document"
        return
    fi
    printf '  %-24s %-12s %-34s %s\n' GATEWAY STATE ENDPOINT IMAGE
    local mark name state endpoint image active
    active=$(active_gateway)
    while IFS=$'\t' read -r name state endpoint image; do
        mark=' '
        [[ $name != "$active" ]] || mark='*'
        printf '%s %-24s %-12s %-34s %s\n' "$mark" "$name" "$state" "$endpoint" "$image"
    done < <(jq -r '.gateways[] | [.gateway, .state, .endpoint // "-", .image // "-"] | @tsv' <<<"$document")
}
