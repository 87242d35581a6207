# restart of a gateway on a cluster of one's own.
# shellcheck shell=bash

# Looks at all that a start looks at, and gives the server new pods.
restart_on_cluster() {
    cluster_is_kept
    cluster_known
    cluster_deployed
}
