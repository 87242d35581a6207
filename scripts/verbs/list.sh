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
    keep_answer detect
    ask_sandboxes
    collect
    answers >"$scratch/answers"
    tell_table list --active "$(active_gateway)"
}

# Asks each gateway whose cluster answers for its sandboxes, all at once; another machine's Kubernetes is not reached from here.
ask_sandboxes() {
    local name file namespace context gateway
    while IFS=$'\t' read -r name file namespace context; do
        gateway=$name folder=$(client_folder)/gateways/$name of_workload=()
        [[ -r $file && ( -n $context || ${DOCKER_HOST:-} != ssh://* ) ]] || continue
        recall_release
        ask "sandboxes of $name" gw-wait sandboxes --no-wait --kubeconfig "$file" --namespace "$namespace" ${context:+--context "$context"} \
            "${of_workload[@]}" --timeout 3s --quiet
    done < <(jq -r --arg folder "$(client_folder)/gateways" '.gateways[] | if .cluster then
            select(.cluster.answers) | [.gateway, .cluster.kubeconfig, .cluster.namespace, .cluster.context]
        else select(.state | IN("serving", "running")) | [.gateway, "\($folder)/\(.gateway)/kubeconfig", "openshell", ""] end | @tsv' <<<"$document")
}
