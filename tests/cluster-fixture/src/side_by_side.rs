//! Times of two commands, taken in turns in one run, so that both meet the same machine.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often each is run.
const TURNS: usize = 15;

/// Runs both in turns and prints their medians and the ratio of the first to the second, which it returns.
///
/// # Panics
/// Where one of them fails.
pub fn time_side_by_side(
    what: &str,
    mut one: impl FnMut() -> Command,
    mut other: impl FnMut() -> Command,
) -> f64 {
    let (mut of_one, mut of_other) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        of_one.push(time(one()));
        of_other.push(time(other()));
    }
    let (one, other) = (median(of_one), median(of_other));
    let ratio = one.as_secs_f64() / other.as_secs_f64();
    println!(
        "{what}: {:.1} ms, {:.1} ms; ratio {ratio:.2} (medians of {TURNS} runs in turns)",
        one.as_secs_f64() * 1e3,
        other.as_secs_f64() * 1e3
    );
    ratio
}

fn time(mut command: Command) -> Duration {
    let started = Instant::now();
    let status = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("the command can be started");
    assert!(status.success(), "{command:?}");
    started.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
