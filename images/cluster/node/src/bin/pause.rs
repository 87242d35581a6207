//! Holds the namespaces of a pod, and reaps its orphans where its containers share a process namespace.
//!
//! As the first process of its namespace it ignores SIGTERM, so it ends by SIGKILL alone, which is how containerd ends it.

use std::time::Duration;

use rustix::process::{WaitOptions, wait};

/// How long an orphan may stay once nothing else ran; each pod wakes up this often.
const REST: Duration = Duration::from_secs(10);

fn main() {
    loop {
        if wait(WaitOptions::empty()).is_err() {
            std::thread::sleep(REST);
        }
    }
}
