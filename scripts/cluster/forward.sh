# forward of a gateway on a cluster of one's own.
# shellcheck shell=bash

forward_on_cluster() {
    require_kept_cluster
    recall_cluster
    recall_release
    find_endpoint
    [[ -z $endpoint_of ]] ||
        warn "the gateway is reached on $endpoint already, by $endpoint_of: clients go there, and not to the port of this machine"
    what_is_left="nothing listens on that port any more"
    quiet_step forward gw-node forward --gateway "$gateway" --service "$service_name" "${of_cluster[@]}"
}
