# deploy of a gateway on a cluster of one's own.
# shellcheck shell=bash

deploy_on_cluster() {
    case ${1:-all} in
    chart | all) ;;
    gateway | supervisor)
        fail 1 not_deployable "the $1 is not deployed from here: a cluster of your own takes images from a registry" \
            "push it there, then $gw deploy --set image.tag=TAG"
        ;;
    *) usage_error "'$1' is none of gateway, supervisor, chart and all" ;;
    esac
    bring_up
}
