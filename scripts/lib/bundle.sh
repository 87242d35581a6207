# The support bundle: what doctor was told, as a tar archive without secrets. Sourced by scripts/openshell.
# shellcheck shell=bash

# write_bundle FILE: 0600; - is standard output.
write_bundle() {
    local top=openshell-doctor-${gateway:-openshell} name
    local content=$scratch/$top
    mkdir -- "$content"
    jq -L "$root/scripts/lib" 'include "redact"; redacted' <<<"$document" >"$content/doctor.json"
    jq -r '.asked[] | select(.name == "container") | .document.diagnosis.log[]?' "$content/doctor.json" >"$content/container.log"
    jq -r '.asked[] | select(.name == "container") | .document.diagnosis.server_log[]?' "$content/doctor.json" >"$content/server.log"
    printf '%s\n' "$findings" | redact_text >"$content/findings.txt"
    for name in "${asked[@]}"; do
        redact_text <"$scratch/$name.log" >"$content/$name.stderr.txt"
    done
    tar --create --file "$scratch/bundle" --directory "$scratch" --owner 0 --group 0 -- "$top"
    if [[ $1 == - ]]; then
        cat -- "$scratch/bundle"
    else
        cp -- "$scratch/bundle" "$1" || fail 1 bundle_unwritable "the bundle $1 could not be written" "name another file: --bundle FILE"
        chmod 600 -- "$1"
        say "bundle: $1"
    fi
}

redact_text() {
    jq -L "$root/scripts/lib" -rR 'include "redact"; redacted'
}
