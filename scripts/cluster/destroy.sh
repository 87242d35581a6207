# destroy of a gateway on a cluster of one's own: what it has there, and nothing else.
# shellcheck shell=bash

destroy_on_cluster() {
    local is_ours is_there
    require_kept_cluster
    take_lock destroy
    recall_cluster
    choose_helm
    quiet_step cluster gw-release remove --with-data --dry-run --gateway "$gateway" "${of_helm[@]}" "${of_cluster[@]}"
    take is_ours=.place.owns_namespace is_there=.place.namespace_uid
    case ${is_there:+there}:$is_ours in
    there:true) consent "destroy gateway $gateway with its sandboxes, secrets and namespace $namespace, with all that is in it" ;;
    there:*) consent "destroy gateway $gateway with its sandboxes, volumes and secrets in namespace $namespace" ;;
    *) consent "remove the client files of gateway $gateway, whose namespace $namespace is gone" ;;
    esac
    what_is_left="the gateway may be removed in part"
    step cluster gw-release remove --with-data --yes --gateway "$gateway" "${of_helm[@]}" "${of_cluster[@]}" "${locked[@]}"
    finish "gateway $gateway is destroyed"
}
