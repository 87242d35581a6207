//! Parts of the node as processes, and waiting for what they do.

use std::time::{Duration, Instant};

/// The shell command that sends a signal to a part of the node.
pub fn signal(name: &str, part: &str) -> String {
    format!(
        "for p in /proc/[0-9]*; do [ \"$(cat $p/comm)\" = {part} ] && kill -{name} ${{p#/proc/}}; done; true"
    )
}

/// Waits until `holds` does.
///
/// # Panics
/// With `what`, after two minutes.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(120);
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(250));
    }
}
