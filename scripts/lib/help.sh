# Help: from the comments at the head of the driver and of each verb's file, and from flags.txt. Sourced by scripts/openshell.
# shellcheck shell=bash

# In the order of the help.
verbs=(start resume recreate restart stop destroy deploy backup restore status doctor list use logs forward kubeconfig env completion version help)

# Sets `file` to the one that explains a verb.
file_of_verb() {
    for file in "$root/scripts"/{verbs,container,cluster}/"$1.sh"; do
        [[ ! -e $file ]] || return 0
    done
}

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
    local verb file summary
    head_of "$root/scripts/openshell"
    printf '\nVerbs:\n'
    for verb in "${verbs[@]}"; do
        file_of_verb "$verb"
        read -r _ summary <"$file"
        printf '  %-12s %s\n' "$verb" "$summary"
    done
    printf '\nFlags of most verbs:\n'
    flags_of_group gateway
    flags_of_group running
    printf '\n%s help VERB tells a verb'\''s own flags.\n' "$gw"
}

print_verb_help() {
    local group groups file
    file_of_verb "$1"
    head_of "$file"
    groups_of_verb "$1"
    [[ -z $groups ]] || printf '\nFlags:\n'
    for group in $groups; do
        flags_of_group "$group"
    done
}

# Sets `groups`: those of flags.txt that a verb takes.
groups_of_verb() {
    local line file
    file_of_verb "$1"
    groups=
    while IFS= read -r line; do
        if [[ $line == '# Flags: '* ]]; then
            groups=${line#'# Flags: '}
            return
        fi
    done <"$file"
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
