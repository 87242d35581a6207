# resume of a gateway on a cluster of one's own.
# shellcheck shell=bash

resume_on_cluster() {
    cluster_is_kept
    load cluster/start
    start_on_cluster
}
