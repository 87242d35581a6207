# print the version of the driver and of the tools that it runs
#
# Usage: openshell version
# shellcheck shell=bash

verb_version() {
    local tool
    programs_ready
    printf 'openshell %s\n' "$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)"
    for tool in "${tools[@]}"; do
        "$programs/$tool" --version
    done
}
