//! `--abort-on`: what makes a wait hopeless.

use std::time::Duration;

use contract::{Failure, Reason, parse_duration};

/// Restarts in a row after which CrashLoopBackOff counts, where no number is given.
const DEFAULT_RESTARTS: i32 = 3;

/// What ends a wait early. All words but the last are Kubernetes' own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abort {
    /// An image cannot be pulled, for so long.
    ImagePullBackOff(Duration),
    /// A container ended again after so many restarts in a row.
    CrashLoopBackOff(i32),
    /// A node reports pressure.
    NodePressure,
    /// A container of a pod ended.
    ContainerExited,
    /// The gateway's own container does not run.
    GatewayExited,
}

/// The words for conditions that have no pods.
pub fn of_gateway(text: &str) -> Result<Abort, String> {
    one_of(text, "GatewayExited", |abort| *abort == Abort::GatewayExited)
}

/// The words for a node.
pub fn of_node(text: &str) -> Result<Abort, String> {
    let fits = |abort: &Abort| matches!(abort, Abort::GatewayExited | Abort::NodePressure);
    one_of(text, "NodePressure, GatewayExited", fits)
}

/// The words for conditions that pods bring about.
pub fn of_pods(text: &str) -> Result<Abort, String> {
    let all = "ImagePullBackOff[=DURATION], CrashLoopBackOff[=RESTARTS], NodePressure, ContainerExited, GatewayExited";
    one_of(text, all, |_| true)
}

fn one_of(text: &str, words: &str, fits: impl Fn(&Abort) -> bool) -> Result<Abort, String> {
    let wrong = || format!("'{}' is none of: {words}", text.escape_debug());
    let found = match text.split_once('=').unwrap_or((text, "")) {
        ("ImagePullBackOff", "") => Abort::ImagePullBackOff(Duration::ZERO),
        ("ImagePullBackOff", duration) => Abort::ImagePullBackOff(parse_duration(duration)?),
        ("CrashLoopBackOff", "") => Abort::CrashLoopBackOff(DEFAULT_RESTARTS),
        ("CrashLoopBackOff", number) => match number.parse() {
            Ok(restarts @ 1..) => Abort::CrashLoopBackOff(restarts),
            _ => return Err(format!("'{}' is no number of restarts", number.escape_debug())),
        },
        ("NodePressure", "") => Abort::NodePressure,
        ("ContainerExited", "") => Abort::ContainerExited,
        ("GatewayExited", "") => Abort::GatewayExited,
        _ => return Err(wrong()),
    };
    if fits(&found) { Ok(found) } else { Err(wrong()) }
}

/// The failure of a wait that is hopeless.
pub fn aborted(reason: Reason, message: String, hint: &str) -> Failure {
    reason.failure(message, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_words_and_refuses_the_rest() {
        for (text, expected) in [
            ("CrashLoopBackOff=5", Abort::CrashLoopBackOff(5)),
            ("CrashLoopBackOff", Abort::CrashLoopBackOff(3)),
            ("ImagePullBackOff", Abort::ImagePullBackOff(Duration::ZERO)),
            (
                "ImagePullBackOff=60s",
                Abort::ImagePullBackOff(Duration::from_secs(60)),
            ),
            ("NodePressure", Abort::NodePressure),
            ("GatewayExited", Abort::GatewayExited),
        ] {
            assert_eq!(of_pods(text), Ok(expected));
        }
        for wrong in [
            "",
            "rain",
            "CrashLoopBackOff=0",
            "CrashLoopBackOff=x",
            "ImagePullBackOff=60",
            "NodePressure=1",
            "GatewayExited=1",
        ] {
            assert!(of_pods(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_condition_takes_only_what_may_befall_it() {
        assert!(of_gateway("GatewayExited").is_ok() && of_node("GatewayExited").is_ok());
        assert!(of_gateway("NodePressure").is_err() && of_node("NodePressure").is_ok());
        assert!(of_node("ImagePullBackOff").is_err());
    }
}
