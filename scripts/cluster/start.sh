# start of a gateway on a cluster of one's own.
# shellcheck shell=bash

start_on_cluster() {
    [[ ${given[--recreate]:-false} == false ]] || usage_error "--recreate is for a gateway in a container; next time: $gw destroy, then start"
    [[ ${given[--on-failure]:-keep} == keep ]] || usage_error "--on-failure is for a gateway in a container"
    bring_up
}
