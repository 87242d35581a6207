# The driver's command line. Sourced by scripts/openshell.
# shellcheck shell=bash

verb=
yes=false
dry_run=false
began=0
arguments=()
settings=()
sans=()
limits=(--timeout 5m)
of_gateway=()
step_documents=()

print_help() {
    sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$root/scripts/openshell"
}

usage_error() {
    fail 2 usage "$1" "openshell help"
}

# The verb is the first word that is not a flag's: flags may stand before it.
read_verb() {
    began=$(now_ms)
    [[ $# -gt 0 ]] || {
        print_help >&2
        exit 2
    }
    case $1 in
    start | stop | destroy | status)
        verb=$1
        shift
        arguments=("$@")
        ;;
    help | --help | -h)
        print_help
        exit 0
        ;;
    -*) usage_error "the verb comes first, before '$1'" ;;
    *) usage_error "there is no verb '$1'" ;;
    esac
}

# Flags that only one verb has.
only_for() {
    [[ $verb == "$1" ]] || usage_error "$2 is a flag of '$1', not of '$verb'"
}

read_flags() {
    local word value
    local words=()
    for word in "$@"; do
        if [[ $word == --*=* ]]; then
            words+=("${word%%=*}" "${word#*=}")
        else
            words+=("$word")
        fi
    done
    set -- "${words[@]}"
    while [[ $# -gt 0 ]]; do
        word=$1
        shift
        case $word in
        --json) json=true ;;
        --quiet) quiet=true ;;
        --yes) only_for destroy "$word" && yes=true ;;
        --dry-run) only_for start "$word" && dry_run=true ;;
        --plaintext | --disable-gateway-auth) only_for start "$word" && settings+=("$word") ;;
        --help | -h)
            print_help
            exit 0
            ;;
        --gateway | --name | --docker-host | --timeout | --port | --bind | --gateway-host | --tls-san | --image | --confinement)
            [[ $# -gt 0 && -n $1 ]] || usage_error "$word needs a value"
            value=$1
            shift
            read_value "$word" "$value"
            ;;
        *) usage_error "there is no flag '$word'" ;;
        esac
    done
    [[ $quiet == false ]] || limits+=(--quiet)
    of_gateway+=("${limits[@]}")
}

read_value() {
    case $1 in
    --gateway | --name) of_gateway+=(--gateway "$2") ;;
    --docker-host) of_gateway+=(--docker-host "$2") ;;
    --timeout) limits=(--timeout "$2") ;;
    *)
        only_for start "$1"
        settings+=("$1" "$2")
        ;;
    esac
}
