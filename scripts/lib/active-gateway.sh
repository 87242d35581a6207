# The client's file that names the active gateway. Sourced by scripts/openshell.
# shellcheck shell=bash

client_folder() {
    printf '%s/openshell\n' "${XDG_CONFIG_HOME:-$HOME/.config}"
}

# Its name; nothing where there is none.
active_gateway() {
    local name=
    read -r name 2>/dev/null <"$(client_folder)/active_gateway" || true
    printf '%s\n' "$name"
}

activate() {
    local folder
    folder=$(client_folder)
    mkdir -p -- "$folder"
    keep_file "$folder/active_gateway" "$1"
}
