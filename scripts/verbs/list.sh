# list every gateway on this Docker and on clusters of your own; a star marks the active one
#
# Usage: gw list [flags]
#
# With --json it prints the document of gw-detect --all, with `sandboxes` of gw-wait's document for each gateway; null if its cluster
# does not answer within 3 seconds.
# Flags: running json
# shellcheck shell=bash

verb_list() {
    require_programs
    local code=0
    document=$("$programs/gw-detect" --all "${of_gateway[@]}") || code=$?
    [[ $code -eq 0 ]] || fail_step detect "$code"
    list_sandboxes
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
        .gateways[] | [.gateway, .state, .endpoint // "-", counted,
            (.cluster | if . then "context \(.context), namespace \(.namespace)" else null end) // .image // "-"] | @tsv' <<<"$document")
}

# Adds the sandboxes of each gateway whose cluster answers. All are asked at once; another machine's Kubernetes is not reached from here.
list_sandboxes() {
    local name file namespace context gateway looks=()
    make_scratch
    while IFS=$'\t' read -r name file namespace context; do
        gateway=$name folder=$(client_folder)/gateways/$name of_workload=()
        [[ -r $file && ( -n $context || ${DOCKER_HOST:-} != ssh://* ) ]] || continue
        recall_release
        looks+=("$name")
        spawn "in-$name" "$programs/gw-wait" sandboxes --no-wait --kubeconfig "$file" --namespace "$namespace" ${context:+--context "$context"} \
            "${of_workload[@]}" --timeout 3s --quiet 2>/dev/null
    done < <(jq -r --arg folder "$(client_folder)/gateways" '.gateways[] | if .cluster then
            select(.cluster.answers) | [.gateway, .cluster.kubeconfig, .cluster.namespace, .cluster.context]
        else select(.state | IN("serving", "running")) | [.gateway, "\($folder)/\(.gateway)/kubeconfig", "openshell", ""] end | @tsv' <<<"$document")
    for name in "${looks[@]}"; do
        await "in-$name" || true
        jq -c --arg name "$name" '{($name): .sandboxes}' "$scratch/in-$name"
    done >"$scratch/looks"
    document=$(jq -c --slurpfile looks "$scratch/looks" '($looks | add // {}) as $seen | .gateways[] |= . + {sandboxes: $seen[.gateway]}' <<<"$document")
}
