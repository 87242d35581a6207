//! The help text: the tool's own part, the flags that tools share, exit codes and reasons.

use std::fmt::Write;

use crate::tool::Tool;
use crate::{COMMON_REASONS, format_duration};

/// What follows the tool's own help.
pub fn shared_help(tool: &Tool) -> String {
    let mut text = String::from("\nFlags that tools share:\n");
    let mut flag = |name: &str, meaning: &str| {
        let _ = writeln!(text, "  {name:<17} {meaning}");
    };
    if tool.shared.gateway {
        flag(
            "--gateway",
            "the gateway's name (else OPENSHELL_GATEWAY, else the active gateway, else openshell)",
        );
    }
    if tool.shared.docker {
        flag(
            "--docker-host",
            "the Docker to use: unix://, tcp:// or ssh:// (else DOCKER_HOST, else the current Docker context)",
        );
        flag(
            "--ssh-key",
            "the private key for an ssh:// Docker (else as ssh is configured)",
        );
    }
    if tool.shared.kubernetes {
        flag("--kubeconfig", "the kubeconfig file to use (else KUBECONFIG)");
        flag(
            "--context",
            "the kubeconfig's context to use (else its current one)",
        );
        flag(
            "--namespace",
            "the gateway's Kubernetes namespace (default openshell)",
        );
    }
    if tool.shared.dry_run {
        flag("--dry-run", "print what would be done, and do nothing");
    }
    if tool.shared.lock {
        flag(
            "--lock-fd",
            "an open descriptor that holds the gateway's lock already",
        );
        flag(
            "--lock-timeout",
            "how long to wait for another run's lock (default 0s)",
        );
    }
    let limit = format!(
        "how long the whole run may take, such as 250ms, 30s or 5m (default {})",
        format_duration(tool.shared.timeout)
    );
    flag("--timeout", &limit);
    flag("--quiet", "no progress, only warnings and the error");
    flag(
        "--no-color",
        "no colour (also by NO_COLOR, and where standard error is no terminal)",
    );
    flag("--schema", "print the JSON Schema of the document");
    flag("--version", "print the version");
    text.push_str(
        "\nExit codes: 0 done, 1 failed or the answer is no, 2 usage, 69 Docker or API unreachable,\n\
         75 locked or worth retrying, 77 permission, 78 configuration invalid, 124 timed out, 128+n signal.\n\
         \nReasons of an error:\n",
    );
    for reason in COMMON_REASONS
        .iter()
        .chain(tool.reasons.iter().copied().flatten())
    {
        let _ = writeln!(text, "  {:<28} {}", reason.word, reason.meaning);
    }
    text
}
