# say what is there, whether it serves, and how long its certificates hold
#
# Usage: gw status [flags]
#
# Each sandbox is listed with its phase, its age, its pod and its volume claim (PVC). With --json it prints the document of gw-detect,
# with those of gw-pki check (certificates) and gw-sshsecret check (secret), and `sandboxes` of gw-wait's; they are null if the
# cluster does not answer.
# Flags: gateway running json
# shellcheck shell=bash

verb_status() {
    local answers file context namespace_there started words=()
    require_programs
    detect
    keep_answer detect
    recall_release
    take answers=.cluster.answers file=.cluster.kubeconfig context=.cluster.context namespace_there=.cluster.namespace \
        started=.container.started_at
    if [[ $place == on_cluster && $answers == true ]]; then
        of_cluster=(--kubeconfig "$file" --context "$context" --namespace "$namespace_there" --timeout 5s --quiet)
        look_inside
    elif [[ $place == in_container && $state =~ ^(serving|running)$ ]]; then
        kubeconfig=$folder/kubeconfig
        # What it says where it cannot be opened is said by the checks, too: they are null then.
        [[ ${DOCKER_HOST:-} != ssh://* ]] || open_tunnel 2>/dev/null || true
        of_cluster=(--kubeconfig "$kubeconfig" --timeout 5s --quiet)
        look_inside --since "$started"
    fi
    collect
    # Only where a person looks.
    [[ ! -t 1 || -n ${NO_COLOR:-} || ${given[--no-color]:-false} == true ]] || words=(--color)
    answers >"$scratch/answers"
    tell_table status "${words[@]}"
}

# look_inside FLAGS...: all at once, and no longer than somebody waits who only looks. The flags are for the look at sandboxes.
look_inside() {
    ask pki gw-pki check "${of_cluster[@]}" --gateway "$gateway" "${of_workload[@]}"
    ask secret gw-sshsecret check "${of_cluster[@]}" "${of_workload[@]}"
    ask sandboxes gw-wait sandboxes --no-wait "${of_cluster[@]}" "${of_workload[@]}" "$@"
}
