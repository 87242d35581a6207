//! Exit codes, after sysexits.h and timeout(1).

/// How a failed run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 1: failed, or the answer is no.
    Failed,
    /// 2: the command line is wrong.
    Usage,
    /// 69: Docker or the API server cannot be reached.
    Unavailable,
    /// 75: locked, or worth retrying.
    Retry,
    /// 77: permission denied.
    Permission,
    /// 78: a configuration is invalid.
    Configuration,
    /// 124: timed out.
    TimedOut,
    /// 128 + n: ended by signal n.
    Signal(u8),
}

impl Exit {
    /// The number that the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Unavailable => 69,
            Self::Retry => 75,
            Self::Permission => 77,
            Self::Configuration => 78,
            Self::TimedOut => 124,
            Self::Signal(number) => 128 + number,
        }
    }
}
