//! Waiting for what comes about by itself.

use std::time::{Duration, Instant};

/// Waits until something holds; what is awaited is said where it does not.
///
/// # Panics
/// After two minutes.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(120);
    while !holds() {
        assert!(Instant::now() < end, "not within two minutes: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
