# status of a gateway on an existing cluster.
# shellcheck shell=bash

existing_status() {
    local workload=null answers=true serves=true
    cluster_is_kept
    cluster_known
    of_cluster=(--kubeconfig "$kubeconfig" --namespace "$namespace" --timeout 5s --quiet)
    endpoint=$(jq -r '.gateway_endpoint // ""' "$folder/metadata.json" 2>/dev/null) || endpoint=
    release_recalled
    look_inside
    spawn api "$programs/gw-wait" api "${of_cluster[@]}" 2>/dev/null
    spawn grpc "$programs/gw-wait" grpc --gateway "$gateway" --address "${endpoint#*://}" "${tls[@]}" --timeout 3s --quiet 2>/dev/null
    await api || answers=false
    await grpc || serves=false
    seen_inside
    if [[ $answers == true ]]; then
        workload=$(kubectl_says --namespace "$namespace" get "$server_kind" --ignore-not-found --output json) || answers=false
        workload=${workload:-null}
    fi
    document=$(jq -c --arg gateway "$gateway" --arg endpoint "$endpoint" --arg folder "$folder" --argjson workload "$workload" \
        "${seen[@]}" --argjson serves "$serves" --argjson answers "$answers" -L "$root/scripts/lib" 'include "status";
        {schema: 1, tool: "openshell", verb: "status", gateway: $gateway,
         state: (if $serves then "serving" elif $answers | not then "unreachable" elif $workload == null then "absent"
             elif ($workload.status.readyReplicas // 0) > 0 then "running" else "starting" end),
         endpoint: (if $endpoint == "" then null else $endpoint end),
         cluster: {kubeconfig, context, namespace},
         workload: (if $workload then {name: "\($workload.kind | ascii_downcase)/\($workload.metadata.name)",
             image: $workload.spec.template.spec.containers[0].image, ready: ($workload.status.readyReplicas // 0),
             replicas: $workload.spec.replicas} else null end),
         client_files: {folder: $folder}} + ({$certificates, $secret, $sandboxes} | looks)' <<<"$cluster")
    status_told '
        ["gateway", .gateway],
        ["state", .state],
        ["endpoint", (.endpoint | word)],
        ["context", .cluster.context],
        ["namespace", .cluster.namespace],
        ["server", (if .workload then "\(.workload.name), \(.workload.ready) of \(.workload.replicas) ready" else "-" end)],
        ["image", (.workload.image? | word)],
        ["certificates", (.certificates | days)],
        ["secret", (.secret.fingerprint? | word)],
        (.sandboxes | sandboxes),
        ["client files", .client_files.folder],
        ["next", ({serving: "none: it serves",
            running: "\($gw) forward --gateway \(.gateway), where nothing else leads to the endpoint; else \($gw) doctor --gateway \(.gateway)",
            starting: "\($gw) doctor --gateway \(.gateway)", absent: "\($gw) start --gateway \(.gateway)",
            unreachable: "\($kubectl) cluster-info"}[.state])]'
}
