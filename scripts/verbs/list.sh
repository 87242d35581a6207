# list every gateway on this Docker and on clusters of your own; a star marks the active one
#
# Usage: gw list [flags]
#
# With --json it prints the document of gw-detect --all, with those on clusters beside them.
# Flags: running json
# shellcheck shell=bash

verb_list() {
    programs_ready
    local code=0 clusters
    clusters=$(gateways_on_clusters)
    document=$("$programs/gw-detect" --all "${of_gateway[@]}") || code=$?
    # Who has no Docker may have clusters.
    [[ $code -eq 0 || $clusters != '[]' ]] || step_failed detect "$code"
    document=$(jq -c --argjson clusters "$clusters" '. + {clusters: $clusters}' <<<"$document")
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
    done < <(jq -r '(.gateways[]? | [.gateway, .state, .endpoint // "-", .image // "-"]),
        (.clusters[] | [.gateway, "cluster", .endpoint // "-", "context \(.context), namespace \(.namespace)"]) | @tsv' <<<"$document")
}

# By their files: no cluster is asked.
gateways_on_clusters() {
    local file folder
    for file in "$(client_folder)"/gateways/*/cluster.json; do
        folder=${file%/*}
        [[ ! -e $file ]] || jq -c --arg gateway "${folder##*/}" --slurpfile metadata <(cat -- "$folder/metadata.json" 2>/dev/null) \
            '{gateway: $gateway, endpoint: $metadata[0].gateway_endpoint, kubeconfig, context, namespace}' "$file"
    done | jq -cs .
}
