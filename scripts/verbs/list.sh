# list every gateway on this Docker and on clusters of your own; a star marks the active one
#
# Usage: gw list [flags]
#
# With --json it prints the document of gw-detect --all, with those on clusters beside them, and `sandboxes` of gw-wait's document for
# each; null if its cluster does not answer within 3 seconds.
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
    sandboxes_listed
    if [[ $json == true ]]; then
        printf '%s\n' "$document"
        return
    fi
    printf '  %-24s %-12s %-34s %-24s %s\n' GATEWAY STATE ENDPOINT SANDBOXES IMAGE
    local mark name state endpoint sandboxes image active
    active=$(active_gateway)
    while IFS=$'\t' read -r name state endpoint sandboxes image; do
        mark=' '
        [[ $name != "$active" ]] || mark='*'
        printf '%s %-24s %-12s %-34s %-24s %s\n' "$mark" "$name" "$state" "$endpoint" "$sandboxes" "$image"
    done < <(jq -r 'def counted: .sandboxes.summary // "-" | sub("^[0-9]+ sandbox(es)?: |^no sandboxes$"; "") | if . == "" then "none" else . end;
        (.gateways[]? | [.gateway, .state, .endpoint // "-", counted, .image // "-"]),
        (.clusters[] | [.gateway, "cluster", .endpoint // "-", counted, "context \(.context), namespace \(.namespace)"]) | @tsv' <<<"$document")
}

# Adds the sandboxes of each gateway whose cluster answers. All are asked at once; another machine's Kubernetes is not reached from here.
sandboxes_listed() {
    local name file namespace context looks=()
    scratch_made
    while IFS=$'\t' read -r name file namespace context; do
        folder=$(client_folder)/gateways/$name of_workload=()
        [[ -r $file && ( -n $context || ${DOCKER_HOST:-} != ssh://* ) ]] || continue
        release_recalled
        looks+=("$name")
        spawn "in-$name" "$programs/gw-wait" sandboxes --no-wait --kubeconfig "$file" --namespace "$namespace" ${context:+--context "$context"} \
            "${of_workload[@]}" --timeout 3s --quiet 2>/dev/null
    done < <(jq -r --arg folder "$(client_folder)/gateways" '(.gateways[]? | select(.state | IN("serving", "running"))
        | [.gateway, "\($folder)/\(.gateway)/kubeconfig", "openshell", ""]), (.clusters[] | [.gateway, .kubeconfig, .namespace, .context]) | @tsv' <<<"$document")
    for name in "${looks[@]}"; do
        await "in-$name" || true
        jq -c --arg name "$name" '{($name): .sandboxes}' "$scratch/in-$name"
    done >"$scratch/looks"
    document=$(jq -c --slurpfile looks "$scratch/looks" '($looks | add // {}) as $seen | (.gateways[]?, .clusters[]) |= . + {sandboxes: $seen[.gateway]}' <<<"$document")
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
