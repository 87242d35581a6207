# Files that are kept for runs to come. Sourced by scripts/openshell.
# shellcheck shell=bash

# keep_file FILE TEXT: whoever reads the file meanwhile, and whenever this run ends, it is the old one or the new one.
keep_file() {
    local new
    new=$(mktemp "${1%/*}/.${1##*/}.XXXXXX")
    printf '%s' "$2" >"$new"
    mv -f -- "$new" "$1"
}
