# resume of a gateway on a cluster of one's own.
# shellcheck shell=bash

resume_on_cluster() {
    require_kept_cluster
    bring_up
}
