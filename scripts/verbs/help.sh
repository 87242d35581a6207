# print this text, or the help of a verb
#
# Usage: gw help [VERB]
# shellcheck shell=bash

verb_help() {
    [[ $# -eq 1 ]] || {
        print_help
        return
    }
    is_verb "$1" || usage_error "there is no verb '$1'"
    print_verb_help "$1"
}
