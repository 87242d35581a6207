# Which log is meant, and kubectl's words for it. Sourced by scripts/openshell.
# shellcheck shell=bash

# require_log [WORD [NAME]]: is there such a log at all?
require_log() {
    case ${1:-}:$# in
    :0 | container:1 | gateway:1 | sandbox:2) ;;
    sandbox:1) usage_error "which sandbox?" ;;
    container:2 | gateway:2) usage_error "'$2' is one word too many" ;;
    *) usage_error "there is no log of '$1'" ;;
    esac
}

# log_words WHAT NAME: sets words to those that kubectl logs takes.
log_words() {
    case $1 in
    gateway) words=("$server_kind") ;;
    sandbox) words=(--container agent "pod/$2") ;;
    esac
    [[ -z ${given[--follow]:-} ]] || words+=(--follow)
    case $since in
    '') ;;
    *T*) words+=("--since-time=$since") ;;
    *) words+=("--since=$since") ;;
    esac
}
