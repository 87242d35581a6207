//! Async code in a test that is not async.

/// Runs async code on a thread and a runtime of its own, and returns what it returns. Works inside another runtime, too.
///
/// # Panics
/// Where the code panics.
pub fn run_apart<T, F>(work: impl FnOnce() -> F + Send) -> T
where
    T: Send,
    F: Future<Output = T>,
{
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime")
                .block_on(work())
        });
        thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
