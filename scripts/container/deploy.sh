# bring what changed in this checkout to the running gateway, and nothing else
#
# Usage: gw deploy [gateway | supervisor | chart | all] [flags]
#
#   gateway     the server's image and that of sandboxes: built, loaded into the node, rolled out
#   supervisor  the program that sandboxes run: built and copied onto the node; sandboxes that run keep theirs
#   chart       helm upgrades the release: this checkout's chart, or the one that was chosen with --chart
#
# The plan is printed first. What differs is told by content, changes that are not committed included. Where the chart was
# chosen with --chart, it names the server's image itself. If there is nothing to deploy, no sandbox is looked at or waited for.
# Flags: gateway running cluster json release plan waiting
# shellcheck shell=bash

deploy_in_container() {
    local wanted=${1:-all}
    case $wanted in
    gateway | supervisor | chart | all) ;;
    *) usage_error "'$wanted' is none of gateway, supervisor, chart and all" ;;
    esac
    require_programs
    require_needs docker
    # The container stays as it is.
    unset OPENSHELL_CLUSTER_IMAGE
    ssh_key_for_docker
    detect
    require_running_container
    plan_deploy "$wanted"
    if [[ ${#due[@]} -eq 0 ]]; then
        [[ $are_left == false ]] || tell_parts "what is deployed from here"
        finish "gateway $gateway: nothing to deploy, it runs what is here"
        return
    fi
    if [[ ${given[--dry-run]:-false} == true ]]; then
        tell_deploy_plan
        finish "nothing was done"
        return
    fi
    lock_and_look deploy
    require_running_container
    plan_deploy "$wanted"
    tell_deploy_plan
    deploy_parts
    finish "gateway $gateway runs what is here, and serves on $endpoint"
}
