//! Many runs of one check, as many at once as a small machine bears: they wait most of their time.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How many run at once.
const AT_ONCE: usize = 64;

/// Runs the check on every case.
///
/// # Panics
/// Where a check does.
pub fn sweep<T: Sync>(cases: &[T], check: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(cases.len()) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    check(case);
                }
            });
        }
    });
}
