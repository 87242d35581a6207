//! `--abort-on`: what makes a wait hopeless.

use contract::{Exit, Failure};

/// Starts of a container after which CrashLoopBackOff counts, where no number is given.
const DEFAULT_RESTARTS: i32 = 3;

/// What ends a wait early. The words are Kubernetes' own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abort {
    /// An image cannot be pulled.
    ImagePullBackOff,
    /// A container ended again after so many restarts.
    CrashLoopBackOff(i32),
    /// A node reports pressure.
    NodePressure,
    /// A container ended.
    ContainerExited,
}

/// Reads one word of `--abort-on`.
pub fn parse(text: &str) -> Result<Abort, String> {
    match text.split_once('=').unwrap_or((text, "")) {
        ("ImagePullBackOff", "") => Ok(Abort::ImagePullBackOff),
        ("CrashLoopBackOff", "") => Ok(Abort::CrashLoopBackOff(DEFAULT_RESTARTS)),
        ("CrashLoopBackOff", number) => match number.parse() {
            Ok(restarts @ 1..) => Ok(Abort::CrashLoopBackOff(restarts)),
            _ => Err(format!("'{}' is no number of restarts", number.escape_debug())),
        },
        ("NodePressure", "") => Ok(Abort::NodePressure),
        ("ContainerExited", "") => Ok(Abort::ContainerExited),
        _ => Err(format!(
            "'{}' is none of ImagePullBackOff, CrashLoopBackOff[=RESTARTS], NodePressure, ContainerExited",
            text.escape_debug()
        )),
    }
}

/// The failure of a wait that is hopeless.
pub fn aborted(reason: &'static str, message: String, hint: &str) -> Failure {
    Failure::new(Exit::Failed, reason, message, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_kubernetes_words_and_refuses_the_rest() {
        assert_eq!(parse("CrashLoopBackOff=5"), Ok(Abort::CrashLoopBackOff(5)));
        assert_eq!(parse("CrashLoopBackOff"), Ok(Abort::CrashLoopBackOff(3)));
        assert_eq!(parse("NodePressure"), Ok(Abort::NodePressure));
        for wrong in [
            "",
            "rain",
            "CrashLoopBackOff=0",
            "CrashLoopBackOff=x",
            "NodePressure=1",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
