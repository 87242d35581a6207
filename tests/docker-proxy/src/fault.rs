//! What the proxy does to a call.

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is answered with this status, and does not reach Docker. A 404 names nothing, as one of something in between.
    Status(u16),
    /// The connection is cut before Docker is asked.
    Cut,
    /// Docker is asked, and the connection is cut in place of its answer.
    CutAnswer,
    /// Docker's answer ends in the middle of its body; where it has none, in its head.
    Truncated,
    /// It is neither passed on nor answered until [`crate::DockerProxy::clear`], and never where the tool has ended by then.
    Hold,
    /// The tool is killed with SIGKILL before Docker is asked.
    KillBefore,
    /// The tool is killed with SIGKILL once Docker has begun to answer.
    KillAfter,
}

/// Which calls a fault hits. Calls count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The call with this number alone.
    At(usize),
    /// That one and all that follow.
    From(usize),
    /// The call with this number among those that change something; they count from 1, too.
    AtWrite(usize),
}

impl When {
    pub(crate) fn hits(self, call: usize, write: Option<usize>) -> bool {
        match self {
            Self::At(number) => call == number,
            Self::From(number) => call >= number,
            Self::AtWrite(number) => write == Some(number),
        }
    }
}

/// Every fault that a tool must survive, with the exit code and the reason of a tool that meets it at one call.
pub const FAULTS: [(Fault, i32, &str); 6] = [
    (Fault::Status(500), 1, "docker_error"),
    (Fault::Status(404), 1, "docker_error"),
    (Fault::Cut, 69, "docker_unreachable"),
    (Fault::CutAnswer, 69, "docker_unreachable"),
    (Fault::Truncated, 69, "docker_unreachable"),
    (Fault::Hold, 124, "timed_out"),
];

/// Are sweeps to take every call and every fault (`scripts/test --all`)?
pub fn is_thorough() -> bool {
    std::env::var_os("OPENSHELL_TEST_ALL").is_some_and(|value| !value.is_empty())
}
