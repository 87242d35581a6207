# restart of a gateway on a cluster of one's own.
# shellcheck shell=bash

# Looks at all that a start looks at, and gives the server new pods.
restart_on_cluster() {
    require_kept_cluster
    bring_up
}
