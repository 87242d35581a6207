# print the version of the driver and of the tools that it runs
#
# Usage: gw version
# shellcheck shell=bash

verb_version() {
    local tool version
    require_programs
    version=$("$programs/gw-detect" --version)
    printf '%s %s\n' "${gw##*/}" "${version##* }"
    for tool in "${tools[@]}"; do
        "$programs/$tool" --version
    done
}
