# print the completions for a shell
#
# Usage: gw completion bash | zsh | fish
#
# They complete the command as it was called. For example: source <(gw completion bash)
# shellcheck shell=bash

verb_completion() {
    case ${1:-} in
    bash) bash_completion ;;
    zsh) zsh_completion ;;
    fish) fish_completion ;;
    '') usage_error "for which shell? bash, zsh or fish" ;;
    *) usage_error "there are completions for bash, zsh and fish, not for '$1'" ;;
    esac
}

# The flags of a verb, without their values.
flags_of_verb() {
    local group groups line
    groups_of_verb "$1"
    for group in $groups; do
        while read -r line _; do
            [[ $line != --* ]] || printf '%s\n' "$line"
        done < <(flags_of_group "$group")
    done
}

bash_completion() {
    local word
    cat <<'END'
_gw() {
    local words
    case $COMP_CWORD:${COMP_WORDS[1]} in
END
    printf '    1:*) words="%s" ;;\n' "${verbs[*]}"
    for word in "${verbs[@]}"; do
        printf '    *:%s) words="%s" ;;\n' "$word" "$(flags_of_verb "$word" | paste -sd ' ')"
    done
    cat <<'END'
    *) words= ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}")
}
END
    printf 'complete -F _gw %s\n' "$gw"
}

zsh_completion() {
    local word summary
    printf '#compdef %s\nif (( CURRENT == 2 )); then\n    local -a verbs=(\n' "$gw"
    for word in "${verbs[@]}"; do
        file_of_verb "$word"
        read -r _ summary <"$file"
        printf '        %q\n' "$word:${summary//:/}"
    done
    cat <<'END'
    )
    _describe verb verbs
else
    case $words[2] in
END
    for word in "${verbs[@]}"; do
        printf '    %s) compadd -- %s ;;\n' "$word" "$(flags_of_verb "$word" | paste -sd ' ')"
    done
    printf '    esac\nfi\n'
}

fish_completion() {
    local word flag summary complete="complete --command $gw"
    # fish knows a command by its last part, which another program may have, too.
    [[ $gw != */* ]] || printf -v complete 'complete --path %q' "$root/scripts/openshell"
    printf '%s -f\n' "$complete"
    for word in "${verbs[@]}"; do
        file_of_verb "$word"
        read -r _ summary <"$file"
        printf "%s -n __fish_use_subcommand -a %s -d '%s'\n" "$complete" "$word" "${summary//\'/}"
        while read -r flag; do
            printf "%s -n '__fish_seen_subcommand_from %s' -l %s\n" "$complete" "$word" "${flag#--}"
        done < <(flags_of_verb "$word")
    done
}
