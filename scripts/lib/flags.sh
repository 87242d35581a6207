# The driver's command line. What flags there are is written in flags.txt alone. Sourced by scripts/openshell.
# shellcheck shell=bash

verb=
began=0
arguments=()
operands=()
settings=()
limits=()
of_gateway=()
of_docker=()
values_given=()
sets_given=()
flag_lines=()
declare -A given=() group_of=() takes_value=()
# How many words may follow a verb, where that is not none.
declare -A most_operands=([deploy]=1 [use]=1 [backup]=1 [restore]=1 [logs]=2 [completion]=2 [help]=1)

usage_error() {
    fail 2 usage "$1" "$gw help${verb:+ $verb}"
}

# The verb is the first word.
read_verb() {
    local now
    clock
    began=$now
    # Known before the first error, so that it is a document where one is wanted.
    [[ " $* " != *" --json "* ]] || json=true
    [[ $# -gt 0 ]] || {
        print_help >&2
        exit 2
    }
    case $1 in
    --help | -h) verb=help ;;
    --version) verb=version ;;
    -*) usage_error "the verb comes first, before '$1'" ;;
    *)
        is_verb "$1" || usage_error "there is no verb '$1'"
        verb=$1
        ;;
    esac
    shift
    arguments=("$@")
}

# know_flag FLAG: to which group of flags.txt it belongs, and whether a value follows it. Only what is given is looked for, because a
# start on a gateway that serves takes no longer than that.
know_flag() {
    local line group
    [[ ${#flag_lines[@]} -gt 0 ]] || mapfile -t flag_lines <"$root/scripts/lib/flags.txt"
    for line in "${flag_lines[@]}"; do
        case $line in
        "  $1" | "  $1 "*)
            group_of[$1]=$group
            line=${line#"  $1"}
            [[ $line != ' '[!\ a-z]* ]] || takes_value[$1]=yes
            return
            ;;
        [a-z]*) group=$line ;;
        esac
    done
}

read_flags() {
    local word value groups
    groups_of_verb "$verb"
    groups=" $groups "
    [[ $groups == *" json "* ]] || json=false
    while [[ $# -gt 0 ]]; do
        word=$1
        shift
        case $word in
        --help | -h)
            print_verb_help "$verb"
            exit 0
            ;;
        --*=*)
            value=${word#*=}
            word=${word%%=*}
            know_flag "$word"
            ;;
        -[!0-9-]*)
            usage_error "flags have two dashes: '$word'"
            ;;
        --?*)
            value=
            know_flag "$word"
            if [[ -n ${takes_value[$word]:-} && $# -gt 0 ]]; then
                value=$1
                shift
            fi
            ;;
        *)
            operands+=("$word")
            continue
            ;;
        esac
        take_flag "$word" "$value" "$groups"
    done
    [[ ${#operands[@]} -le ${most_operands[$verb]:-0} ]] || usage_error "'${operands[-1]}' is one word too many"
    quiet=${given[--quiet]:-false}
    patience 5m
}

# patience DURATION: how long each tool may take where --timeout does not say it. A verb may call it once more.
patience() {
    limits=(--timeout "${given[--timeout]:-$1}")
    [[ $quiet == false ]] || limits+=(--quiet)
    [[ ${given[--no-color]:-false} == false ]] || limits+=(--no-color)
    of_gateway=() of_docker=()
    [[ -z ${given[--gateway]:-} ]] || of_gateway+=(--gateway "${given[--gateway]}")
    take_docker
    of_gateway+=("${limits[@]}")
}

# Which Docker is meant. The docker command line, which builds images and reads logs, uses the same.
take_docker() {
    local docker_host=${given[--docker-host]:-}
    if [[ -n ${given[--remote]:-} ]]; then
        [[ -z $docker_host ]] || usage_error "--remote and --docker-host contradict each other"
        docker_host=ssh://${given[--remote]}
    fi
    [[ -z ${given[--ssh-key]:-} ]] || of_docker+=(--ssh-key "${given[--ssh-key]}")
    if [[ -n $docker_host ]]; then
        of_docker+=(--docker-host "$docker_host")
        export DOCKER_HOST=$docker_host
    fi
    of_gateway+=("${of_docker[@]}")
}

# take_flag FLAG VALUE GROUPS
take_flag() {
    local flag=$1 value=$2 group=${group_of[$1]:-}
    [[ -n $group ]] || usage_error "there is no flag '$flag'"
    [[ $3 == *" $group "* ]] || usage_error "'$verb' has no flag '$flag'"
    if [[ -n ${takes_value[$flag]:-} ]]; then
        [[ -n $value ]] || usage_error "$flag needs a value"
    else
        [[ -z $value ]] || usage_error "$flag takes no value"
        value=true
    fi
    [[ $flag != --name ]] || flag=--gateway
    [[ $flag != --wait-sandboxes && $flag != --timeout ]] || is_duration "$value" || usage_error "$flag is a duration such as 90s or 5m, not '$value'"
    given[$flag]=$value
    [[ $flag != --values ]] || values_given+=("$value")
    [[ $flag != --set ]] || sets_given+=("$value")
    if [[ $flag == --registry-token-file ]]; then
        if [[ $value == - ]]; then
            IFS= read -r registry_token || true
            make_scratch
            value=$(keep_token)
        fi
        settings+=(--registry-password-file "$value")
    elif [[ $group == settings ]]; then
        settings+=("$flag")
        [[ -z ${takes_value[$flag]:-} ]] || settings+=("$value")
    fi
}

# Writes the registry's token to a file of this run that nobody else reads, and prints its path.
keep_token() {
    printf '%s' "$registry_token" >"$scratch/registry-token"
    printf '%s' "$scratch/registry-token"
}

# The one form of durations, which is that of the tools.
is_duration() {
    [[ $1 =~ ^[0-9]{1,9}(ms|s|m|h)$ ]]
}

# in_seconds DURATION: for programs that know seconds alone.
in_seconds() {
    local number=$((10#${1%%[a-z]*}))
    case $1 in
    *ms) printf '%d.%03d\n' "$((number / 1000))" "$((number % 1000))" ;;
    *s) printf '%d\n' "$number" ;;
    *m) printf '%d\n' "$((number * 60))" ;;
    *h) printf '%d\n' "$((number * 3600))" ;;
    esac
}
