# Every verb: its file explains it and does it. Sourced by scripts/openshell.
# shellcheck shell=bash

# In the order of the help.
verbs=(start resume recreate restart stop destroy deploy backup restore status doctor list use logs forward kubeconfig env completion version help)
# How many words may follow a verb, where that is not none.
declare -A most_operands=([deploy]=1 [use]=1 [backup]=1 [restore]=1 [logs]=2 [completion]=1 [help]=1)

# shellcheck source=scripts/verbs/start.sh
source "$root/scripts/verbs/start.sh"
# shellcheck source=scripts/verbs/resume.sh
source "$root/scripts/verbs/resume.sh"
# shellcheck source=scripts/verbs/recreate.sh
source "$root/scripts/verbs/recreate.sh"
# shellcheck source=scripts/verbs/restart.sh
source "$root/scripts/verbs/restart.sh"
# shellcheck source=scripts/verbs/stop.sh
source "$root/scripts/verbs/stop.sh"
# shellcheck source=scripts/verbs/destroy.sh
source "$root/scripts/verbs/destroy.sh"
# shellcheck source=scripts/verbs/deploy.sh
source "$root/scripts/verbs/deploy.sh"
# shellcheck source=scripts/verbs/backup.sh
source "$root/scripts/verbs/backup.sh"
# shellcheck source=scripts/verbs/restore.sh
source "$root/scripts/verbs/restore.sh"
# shellcheck source=scripts/verbs/status.sh
source "$root/scripts/verbs/status.sh"
# shellcheck source=scripts/verbs/doctor.sh
source "$root/scripts/verbs/doctor.sh"
# shellcheck source=scripts/verbs/list.sh
source "$root/scripts/verbs/list.sh"
# shellcheck source=scripts/verbs/use.sh
source "$root/scripts/verbs/use.sh"
# shellcheck source=scripts/verbs/logs.sh
source "$root/scripts/verbs/logs.sh"
# shellcheck source=scripts/verbs/forward.sh
source "$root/scripts/verbs/forward.sh"
# shellcheck source=scripts/verbs/kubeconfig.sh
source "$root/scripts/verbs/kubeconfig.sh"
# shellcheck source=scripts/verbs/env.sh
source "$root/scripts/verbs/env.sh"
# shellcheck source=scripts/verbs/completion.sh
source "$root/scripts/verbs/completion.sh"
# shellcheck source=scripts/verbs/version.sh
source "$root/scripts/verbs/version.sh"
# shellcheck source=scripts/verbs/help.sh
source "$root/scripts/verbs/help.sh"
