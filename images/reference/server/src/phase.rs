//! The phase of a sandbox, decided from what was seen. Pure.
//!
//! A server never looks at pods: it sees the conditions of the object, the supervisor's session and its exit report. Some of them latch
//! phase Error, which only deleting leaves. Seen on OpenShell's server of August 2026.

use std::fmt;
use std::str::FromStr;

use reference_base::api::SandboxPhase;

/// What the server says of a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// On its way, or without a session for now.
    Provisioning,
    /// It answers.
    Ready,
    /// For good.
    Error,
    /// Its object is going.
    Deleting,
    /// A user asked for it; its pod may still run.
    Stopping,
    /// Suspended.
    Stopped,
    /// A user asked for it; it does not answer yet.
    Starting,
}

const WORDS: [(Phase, &str); 7] = [
    (Phase::Provisioning, "Provisioning"),
    (Phase::Ready, "Ready"),
    (Phase::Error, "Error"),
    (Phase::Deleting, "Deleting"),
    (Phase::Stopping, "Stopping"),
    (Phase::Stopped, "Stopped"),
    (Phase::Starting, "Starting"),
];

impl fmt::Display for Phase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = WORDS.iter().find(|(phase, _)| phase == self);
        formatter.write_str(word.map_or("", |(_, word)| word))
    }
}

impl FromStr for Phase {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let phase = WORDS.iter().find(|(_, word)| *word == text);
        phase
            .map(|(phase, _)| *phase)
            .ok_or_else(|| format!("there is no phase {text}"))
    }
}

impl From<Phase> for SandboxPhase {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Provisioning => Self::Provisioning,
            Phase::Ready => Self::Ready,
            Phase::Error => Self::Error,
            Phase::Deleting => Self::Deleting,
            Phase::Stopping => Self::Stopping,
            Phase::Stopped => Self::Stopped,
            Phase::Starting => Self::Starting,
        }
    }
}

/// Condition `Ready` of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ready {
    /// There is no such condition, or no object.
    #[default]
    Unknown,
    /// It is true.
    Yes,
    /// It is not, for this reason.
    No(String),
}

impl fmt::Display for Ready {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => formatter.write_str("it is unknown whether it is ready"),
            Self::Yes => formatter.write_str("ready"),
            Self::No(reason) => write!(formatter, "not ready: {reason}"),
        }
    }
}

/// What is known of a sandbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Condition `Ready`.
    pub ready: Ready,
    /// Condition `Suspended` is true.
    pub suspended: bool,
    /// The object is being deleted.
    pub deleting: bool,
    /// Its supervisor has a session, or needs none.
    pub session: bool,
}

/// Reasons of `Ready=False` after which a sandbox is lost.
const FINAL: [&str; 4] = ["PodFailed", "PodSucceeded", "SandboxExpired", "MultiplePods"];
const SUSPENDED: &str = "SandboxSuspended";

/// The phase that follows from `now` and from what is seen.
pub fn next(now: Phase, seen: &Seen) -> Phase {
    let reason = match &seen.ready {
        Ready::No(reason) => reason.as_str(),
        Ready::Yes | Ready::Unknown => "",
    };
    let answers = seen.ready == Ready::Yes && seen.session;
    match now {
        Phase::Error | Phase::Deleting => now,
        _ if seen.deleting => Phase::Deleting,
        Phase::Stopping if seen.suspended => Phase::Stopped,
        Phase::Stopping => Phase::Stopping,
        Phase::Stopped if seen.suspended => Phase::Stopped,
        _ if FINAL.contains(&reason) => Phase::Error,
        _ if answers => Phase::Ready,
        // The object may still say what it said before the start.
        Phase::Starting => Phase::Starting,
        _ if reason == SUSPENDED && seen.suspended => Phase::Stopped,
        _ if reason == SUSPENDED => Phase::Error,
        Phase::Provisioning | Phase::Ready | Phase::Stopped => Phase::Provisioning,
    }
}

/// The phase after the report that the main process ended, with whatever code.
pub fn after_exit(now: Phase) -> Phase {
    match now {
        Phase::Provisioning | Phase::Ready | Phase::Starting | Phase::Error => Phase::Error,
        Phase::Deleting | Phase::Stopping | Phase::Stopped => now,
    }
}

#[cfg(test)]
mod tests {
    use super::{Phase, Ready, Seen, WORDS, after_exit, next};

    fn seen(ready: Ready, suspended: bool, session: bool) -> Seen {
        Seen {
            ready,
            suspended,
            deleting: false,
            session,
        }
    }

    fn no(reason: &str) -> Ready {
        Ready::No(reason.to_owned())
    }

    #[test]
    fn ready_needs_the_condition_and_the_session() {
        for now in [Phase::Provisioning, Phase::Ready] {
            assert_eq!(next(now, &seen(Ready::Yes, false, true)), Phase::Ready);
            assert_eq!(next(now, &seen(Ready::Yes, false, false)), Phase::Provisioning);
            assert_eq!(next(now, &seen(Ready::Unknown, false, true)), Phase::Provisioning);
        }
    }

    #[test]
    fn these_reasons_latch_error_and_those_do_not() {
        for reason in [
            "PodFailed",
            "PodSucceeded",
            "SandboxExpired",
            "MultiplePods",
            "SandboxSuspended",
        ] {
            for now in [Phase::Provisioning, Phase::Ready] {
                assert_eq!(
                    next(now, &seen(no(reason), false, true)),
                    Phase::Error,
                    "{reason}"
                );
            }
        }
        for reason in ["DependenciesNotReady", "ReconcilerError"] {
            assert_eq!(
                next(Phase::Ready, &seen(no(reason), false, true)),
                Phase::Provisioning,
                "{reason}"
            );
        }
    }

    #[test]
    fn nothing_but_deleting_leaves_error() {
        for ready in [Ready::Yes, Ready::Unknown, no("DependenciesNotReady")] {
            for suspended in [false, true] {
                assert_eq!(
                    next(Phase::Error, &seen(ready.clone(), suspended, true)),
                    Phase::Error
                );
            }
        }
        let going = Seen {
            deleting: true,
            ..seen(Ready::Yes, false, true)
        };
        assert_eq!(next(Phase::Ready, &going), Phase::Deleting);
        assert_eq!(
            next(Phase::Deleting, &seen(Ready::Yes, false, true)),
            Phase::Deleting
        );
    }

    #[test]
    fn a_stop_lasts_until_the_object_is_suspended() {
        assert_eq!(
            next(Phase::Stopping, &seen(Ready::Yes, false, true)),
            Phase::Stopping
        );
        assert_eq!(
            next(Phase::Stopping, &seen(no("SandboxSuspended"), false, true)),
            Phase::Stopping
        );
        assert_eq!(
            next(Phase::Stopping, &seen(no("PodFailed"), false, false)),
            Phase::Stopping
        );
        assert_eq!(
            next(Phase::Stopping, &seen(no("SandboxSuspended"), true, false)),
            Phase::Stopped
        );
        assert_eq!(
            next(Phase::Stopped, &seen(no("SandboxSuspended"), true, false)),
            Phase::Stopped
        );
    }

    #[test]
    fn a_start_outlasts_what_the_object_said_before() {
        assert_eq!(
            next(Phase::Starting, &seen(no("SandboxSuspended"), true, false)),
            Phase::Starting
        );
        assert_eq!(
            next(Phase::Starting, &seen(no("DependenciesNotReady"), false, false)),
            Phase::Starting
        );
        assert_eq!(
            next(Phase::Starting, &seen(Ready::Yes, false, true)),
            Phase::Ready
        );
        assert_eq!(
            next(Phase::Starting, &seen(no("PodFailed"), false, false)),
            Phase::Error
        );
    }

    #[test]
    fn a_suspension_from_outside_is_a_stop_only_once_it_is_complete() {
        assert_eq!(
            next(Phase::Ready, &seen(no("SandboxSuspended"), true, false)),
            Phase::Stopped
        );
        assert_eq!(
            next(Phase::Ready, &seen(no("SandboxSuspended"), false, true)),
            Phase::Error
        );
    }

    #[test]
    fn an_exit_is_an_error_unless_somebody_asked_for_it() {
        for (now, after) in [
            (Phase::Provisioning, Phase::Error),
            (Phase::Ready, Phase::Error),
            (Phase::Starting, Phase::Error),
            (Phase::Stopping, Phase::Stopping),
            (Phase::Stopped, Phase::Stopped),
            (Phase::Deleting, Phase::Deleting),
        ] {
            assert_eq!(after_exit(now), after, "{now}");
        }
    }

    #[test]
    fn words_are_read_as_they_are_written() {
        for (phase, word) in WORDS {
            assert_eq!((phase.to_string().as_str(), word.parse()), (word, Ok(phase)));
        }
    }
}
