# doctor of a gateway on a cluster of one's own.
# shellcheck shell=bash

doctor_on_cluster() {
    require_kept_cluster
    patience 5s
    recall_cluster
    recall_release
    asked_at=$(date --utc +%FT%TZ)
    ask api gw-wait api "${of_cluster[@]}"
    ask namespace gw-wait namespace "${of_cluster[@]}"
    await_answer api
    if [[ ${exit_codes[api]} -eq 0 ]]; then
        ask_server
        find_endpoint
        ask_endpoint "${through[@]}" "${of_cluster[@]}"
    fi
    of_doctor=(--place cluster --gateway "$gateway" ${endpoint:+--endpoint "$endpoint"} --kubeconfig "$kubeconfig" --context "$context"
        --kubectl "$kubectl_called")
    tell_diagnosis
}
