# doctor of a gateway on a cluster of one's own.
# shellcheck shell=bash

doctor_on_cluster() {
    local host port file context
    patience 5s
    require_kept_cluster
    resolve_cluster
    recall_release
    asked_at=$(date --utc +%FT%TZ)
    ask api gw-wait api "${of_cluster[@]}"
    ask namespace gw-wait namespace "${of_cluster[@]}"
    await_answer api
    if [[ ${exit_codes[api]} -eq 0 ]]; then
        ask_server
        find_endpoint
        address_of "${endpoint:-$(jq -r '.gateway_endpoint' "$folder/metadata.json")}"
        # What forwards the endpoint to this machine is no part of the gateway.
        if ! is_forwarded || forward_for_now 5; then
            ask_endpoint
        fi
    fi
    collect
    end_forward
    document=$cluster
    take file=.kubeconfig context=.context
    of_doctor=(--place cluster --gateway "$gateway" ${endpoint:+--endpoint "$endpoint"} --kubeconfig "$file" --context "$context"
        --kubectl "$kubectl_called")
    tell_diagnosis
}
