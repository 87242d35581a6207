//! How soon to try a port again.

use std::time::Duration;

use gateway_probe::Outcome;
use kube_session::Backoff;

/// While nothing listens, asking again costs nothing and every millisecond of waiting shows.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE_WHILE_REFUSED: Duration = Duration::from_millis(40);

/// A port, as an attempt met it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// Nobody listens on it.
    Closed,
    /// Somebody may listen, and is not ready or does not answer.
    Open,
}

impl Port {
    /// As a connection met it.
    pub fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Refused | Outcome::Reset => Self::Closed,
            _ => Self::Open,
        }
    }
}

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

    /// The next pause.
    pub fn next_pause(&mut self, port: Port) -> Duration {
        match port {
            Port::Closed => {
                let pause = self.refused;
                self.refused = (pause * 2).min(LONGEST_PAUSE_WHILE_REFUSED);
                pause
            }
            Port::Open => self.answered.next_wait(),
        }
    }
}
