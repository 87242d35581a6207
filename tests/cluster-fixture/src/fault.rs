//! The faults that the proxy injects.

use std::time::Duration;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is answered with this status and a proper `Status` object; 429 with `Retry-After: 1`. It does not reach the
    /// API server.
    Status(u16),
    /// It is refused with 429 in plain text and this many seconds in `Retry-After` alone, as priority and fairness does. It does
    /// not reach the API server.
    RetryAfter(u32),
    /// It is answered with a 404 that names another object. It does not reach the API server.
    NotFoundOther,
    /// The connection is cut before the API server is asked.
    Cut,
    /// The API server is asked, and the connection is cut in place of its answer.
    CutAnswer,
    /// It is passed on only after this long.
    Stall(Duration),
    /// The API server's answer ends in the middle.
    Truncated,
    /// The API server is asked, and its answer never arrives: time to kill the tool.
    Withhold,
    /// It is passed on only when [`crate::FaultProxy::release`] says so: time for something else to happen before.
    Hold,
}

/// Which requests a fault hits. Requests count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The request with this number alone.
    At(usize),
    /// That one and all that follow.
    From(usize),
    /// The write (not a GET) with this number alone; writes count from 1, too.
    AtWrite(usize),
    /// Every request whose path ends in this.
    OnPath(&'static str),
}

impl When {
    pub(crate) fn hits(self, path: &str, request: usize, write: Option<usize>) -> bool {
        match self {
            Self::At(number) => request == number,
            Self::From(number) => request >= number,
            Self::AtWrite(number) => write == Some(number),
            Self::OnPath(end) => path.ends_with(end),
        }
    }
}

/// Every fault that a tool must survive, with the exit code of a tool that meets it at every request.
pub fn all_faults() -> Vec<(Fault, i32)> {
    vec![
        (Fault::Status(500), 1),
        (Fault::Status(403), 77),
        (Fault::NotFoundOther, 1),
        (Fault::Status(409), 1),
        (Fault::Status(429), 1),
        (Fault::Cut, 69),
        (Fault::CutAnswer, 69),
        (Fault::Stall(Duration::from_secs(20)), 69),
        (Fault::Truncated, 1),
    ]
}

/// The first, a middle and the last of so many; all of them where sweeps are thorough.
pub fn points(count: usize) -> Vec<usize> {
    if is_thorough() {
        return (1..=count).collect();
    }
    let mut chosen = vec![1, count.div_ceil(2), count];
    chosen.dedup();
    chosen
}

/// Which fault to meet at which request, of a run that sends so many. Faults that take long are left out unless sweeps are thorough.
pub fn fault_points(requests: usize) -> Vec<(Fault, usize)> {
    let faults = all_faults().into_iter().map(|(fault, _)| fault);
    let faults: Vec<Fault> = faults
        .filter(|fault| is_thorough() || !matches!(fault, Fault::Stall(_)))
        .collect();
    let at = |number: usize| faults.iter().map(move |fault| (*fault, number));
    points(requests).into_iter().flat_map(at).collect()
}

/// Are sweeps to take every request and every fault (`scripts/test --all`)?
pub fn is_thorough() -> bool {
    std::env::var_os("OPENSHELL_TEST_ALL").is_some_and(|value| !value.is_empty())
}
