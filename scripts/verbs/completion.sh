# print the completions for a shell
#
# Usage: gw completion bash | zsh | fish
#        gw completion words [VERB]
#
# They complete the command as it was called. For example: source <(gw completion bash)
# They ask for the words that may follow: the verbs, or the flags of a verb, each with a tab and what it means.
# shellcheck shell=bash

verb_completion() {
    local asked=$gw named="--command $gw"
    # A shell may be in another folder when it asks, and fish knows a command by its last part, which another program may have, too.
    [[ $gw != */* ]] || printf -v asked '%q' "$root/scripts/openshell"
    [[ $gw != */* ]] || named="--path $asked"
    case ${1:-} in
    words) print_words "${@:2}" ;;
    bash)
        cat <<END
_gw() {
    local words
    words=\$($asked completion words "\${COMP_WORDS[@]:1:COMP_CWORD>1}" | cut -f 1)
    mapfile -t COMPREPLY < <(compgen -W "\$words" -- "\${COMP_WORDS[COMP_CWORD]}")
}
complete -F _gw $gw
END
        ;;
    zsh)
        cat <<END
#compdef $gw
local -a found
found=("\${(@f)\$($asked completion words \${words[2,CURRENT-1][1]})}")
found=("\${(@)found/\$'\\t'/:}")
_describe word found
END
        ;;
    fish) printf 'complete %s -f -a "(%s completion words (commandline -opc)[2])"\n' "$named" "$asked" ;;
    '') usage_error "for which shell? bash, zsh or fish" ;;
    *) usage_error "there are completions for bash, zsh and fish, not for '$1'" ;;
    esac
}

# print_words [VERB]
print_words() {
    local word rest group groups
    if [[ $# -eq 0 ]]; then
        for word in "${verbs[@]}"; do
            file_of_verb "$word"
            read -r _ rest <"$file"
            printf '%s\t%s\n' "$word" "$rest"
        done
        return
    fi
    is_verb "$1" || return 0
    groups_of_verb "$1"
    for group in $groups; do
        flags_of_group "$group" | sed -n 's/^ *\(--[a-z0-9-]*\) *\([A-Z:=]* \)\? *\(.*\)/\1\t\3/p'
    done
}
