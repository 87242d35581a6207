//! How soon to try a port again.

use std::time::Duration;

use kube_session::Backoff;

/// While nothing listens, asking again costs nothing and every millisecond of waiting shows.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE_WHILE_REFUSED: Duration = Duration::from_millis(40);

/// Tight while a port is closed; with growing pauses, and with jitter, once a peer answers and is not ready.
pub struct Pace {
    refused: Duration,
    answered: Backoff,
}

impl Pace {
    /// `longest` is the longest pause once a peer answers.
    pub fn up_to(longest: Duration) -> Self {
        Self {
            refused: FIRST_PAUSE,
            answered: Backoff::new(Duration::from_millis(50).min(longest), longest),
        }
    }

    /// The next pause, where nobody listened (`is_closed`), or where somebody did.
    pub fn next_pause(&mut self, is_closed: bool) -> Duration {
        if is_closed {
            let pause = self.refused;
            self.refused = (pause * 2).min(LONGEST_PAUSE_WHILE_REFUSED);
            pause
        } else {
            self.answered.next_wait()
        }
    }
}
