# Help: from the comments at the head of the driver and of each verb's file, and from flags.txt. Sourced by scripts/openshell.
# shellcheck shell=bash

# In the order of the help.
verbs=(start resume recreate restart stop destroy deploy backup restore status doctor list use logs forward kubeconfig env completion version help)

# The comment at the head of a file, without its marks and without what is written for programs; the driver is `gw` there.
head_of() {
    local line
    while IFS= read -r line; do
        case $line in
        '#!'* | '# shellcheck '* | '# Flags: '*) ;;
        '#'*)
            line=${line#\#}
            line=${line# }
            printf '%s\n' "${line//gw /"$gw "}"
            ;;
        *) return 0 ;;
        esac
    done <"$1"
}

print_help() {
    local verb summary
    head_of "$root/scripts/openshell"
    printf '\nVerbs:\n'
    for verb in "${verbs[@]}"; do
        read -r _ summary <"$root/scripts/verbs/$verb.sh"
        printf '  %-12s %s\n' "$verb" "$summary"
    done
    printf '\nFlags of most verbs:\n'
    flags_of_group gateway
    flags_of_group running
    printf '\n%s help VERB tells a verb'\''s own flags.\n' "$gw"
}

print_verb_help() {
    local group groups
    head_of "$root/scripts/verbs/$1.sh"
    groups_of_verb "$1"
    [[ -z $groups ]] || printf '\nFlags:\n'
    for group in $groups; do
        flags_of_group "$group"
    done
}

# Sets `groups`: those of flags.txt that a verb takes.
groups_of_verb() {
    local line
    groups=
    while IFS= read -r line; do
        if [[ $line == '# Flags: '* ]]; then
            groups=${line#'# Flags: '}
            return
        fi
    done <"$root/scripts/verbs/$1.sh"
}

# The lines of a group in flags.txt.
flags_of_group() {
    local line on=false
    while IFS= read -r line; do
        case $line in
        '  '*) [[ $on == false ]] || printf '%s\n' "$line" ;;
        "$1") on=true ;;
        *) on=false ;;
        esac
    done <"$root/scripts/lib/flags.txt"
}

is_verb() {
    [[ " ${verbs[*]} " == *" $1 "* ]]
}
