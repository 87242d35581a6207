# print the completions for a shell
#
# Usage: openshell completion bash | zsh | fish
#
# For example: openshell completion bash >~/.local/share/bash-completion/completions/openshell
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
_openshell() {
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
complete -F _openshell openshell
END
}

zsh_completion() {
    local word summary
    printf '#compdef openshell\nif (( CURRENT == 2 )); then\n    local -a verbs=(\n'
    for word in "${verbs[@]}"; do
        read -r _ summary <"$root/scripts/verbs/$word.sh"
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
    local word flag summary
    printf 'complete -c openshell -f\n'
    for word in "${verbs[@]}"; do
        read -r _ summary <"$root/scripts/verbs/$word.sh"
        printf "complete -c openshell -n __fish_use_subcommand -a %s -d '%s'\n" "$word" "${summary//\'/}"
        while read -r flag; do
            printf "complete -c openshell -n '__fish_seen_subcommand_from %s' -l %s\n" "$word" "${flag#--}"
        done < <(flags_of_verb "$word")
    done
}
