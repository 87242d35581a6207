# print the version of the driver and of the tools that it runs
#
# Usage: openshell version
# shellcheck shell=bash

verb_version() {
    local tool version
    programs_ready
    version=$("$programs/gw-detect" --version)
    printf 'openshell %s\n' "${version##* }"
    for tool in "${tools[@]}"; do
        "$programs/$tool" --version
    done
}
