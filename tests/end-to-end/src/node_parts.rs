//! Parts of the node as processes.

/// The shell command that sends a signal to a part of the node.
pub fn signal(name: &str, part: &str) -> String {
    format!(
        "for p in /proc/[0-9]*; do [ \"$(cat $p/comm)\" = {part} ] && kill -{name} ${{p#/proc/}}; done; true"
    )
}
