# Every verb, whose file explains it and does it, and what several of them need. Sourced by scripts/openshell where there is more to do
# than to find that a gateway serves.
# shellcheck shell=bash

# shellcheck source=scripts/lib/lock.sh
source "$root/scripts/lib/lock.sh"
# shellcheck source=scripts/lib/remote.sh
source "$root/scripts/lib/remote.sh"
# shellcheck source=scripts/lib/kept-file.sh
source "$root/scripts/lib/kept-file.sh"
# shellcheck source=scripts/lib/active-gateway.sh
source "$root/scripts/lib/active-gateway.sh"
# shellcheck source=scripts/lib/cluster-programs.sh
source "$root/scripts/lib/cluster-programs.sh"
# shellcheck source=scripts/lib/helm.sh
source "$root/scripts/lib/helm.sh"
# shellcheck source=scripts/lib/release.sh
source "$root/scripts/lib/release.sh"
# shellcheck source=scripts/lib/deployment.sh
source "$root/scripts/lib/deployment.sh"
# shellcheck source=scripts/lib/helm-release.sh
source "$root/scripts/lib/helm-release.sh"
# shellcheck source=scripts/lib/deploy.sh
source "$root/scripts/lib/deploy.sh"
# shellcheck source=scripts/lib/bring-up.sh
source "$root/scripts/lib/bring-up.sh"
# shellcheck source=scripts/lib/recreate.sh
source "$root/scripts/lib/recreate.sh"
# shellcheck source=scripts/lib/bundle.sh
source "$root/scripts/lib/bundle.sh"
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
