//! Docker's errors in the contract's words.

use std::io::ErrorKind;

use bollard::errors::Error;
use contract::Failure;

use crate::{DOCKER_CONFLICT, DOCKER_ERROR, DOCKER_PERMISSION, DOCKER_UNREACHABLE};

/// `None` where Docker proved that the thing is not there: by a 404 that names it, and by nothing else. A 404 of something
/// in between, or for a path that this engine does not know, names nothing.
pub fn absent<T>(answer: Result<T, Error>, named: &str) -> Result<Option<T>, Error> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(Error::DockerResponseServerError {
            status_code: 404,
            message,
        }) if message.contains(named) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Did Docker answer with this HTTP status?
pub fn is_status(error: &Error, status: u16) -> bool {
    matches!(error, Error::DockerResponseServerError { status_code, .. } if *status_code == status)
}

/// What failed, as a failure. `doing` completes "cannot ...".
pub fn docker_failure(doing: &str, error: &Error) -> Failure {
    match error {
        Error::DockerResponseServerError { status_code, message } => refusal(doing, *status_code, message),
        _ => match io_kind(error) {
            Some(ErrorKind::PermissionDenied) => permission("its socket"),
            Some(ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
                unreachable(format!("cannot {doing}: Docker does not listen any more"))
            }
            _ if is_connection(error) => unreachable(format!(
                "cannot {doing}: the connection to Docker broke ({})",
                innermost(error)
            )),
            _ => DOCKER_ERROR.failure(
                format!("cannot {doing}: {error}"),
                "see what Docker says: docker info",
            ),
        },
    }
}

fn refusal(doing: &str, status: u16, message: &str) -> Failure {
    let (reason, hint) = match status {
        409 => (DOCKER_CONFLICT, "run the command again"),
        _ if message.contains("no space left") => (DOCKER_ERROR, "see what takes the room: docker system df"),
        _ => (
            DOCKER_ERROR,
            "see Docker's own log, such as: journalctl -u docker",
        ),
    };
    let message = format!("cannot {doing}: Docker answered {status}: {}", message.trim());
    reason.failure(message, hint)
}

pub(crate) fn unreachable(message: String) -> Failure {
    DOCKER_UNREACHABLE.failure(message, "start Docker, such as: sudo systemctl start docker")
}

pub(crate) fn permission(socket: &str) -> Failure {
    DOCKER_PERMISSION.failure(
        format!("this user may not use Docker at {socket}"),
        "sudo usermod -aG docker \"$USER\", then log in again; or run the command with sudo",
    )
}

/// The kind of the I/O error that caused it, where one did.
fn io_kind(error: &Error) -> Option<ErrorKind> {
    // A transparent error passes its inner error over when it is asked for its source.
    let mut cause: Option<&(dyn std::error::Error + 'static)> = match error {
        Error::IOError { err } => Some(err),
        _ => Some(error),
    };
    while let Some(current) = cause {
        if let Some(io) = current.downcast_ref::<std::io::Error>() {
            return Some(io.kind());
        }
        cause = current.source();
    }
    None
}

fn is_connection(error: &Error) -> bool {
    matches!(
        error,
        Error::IOError { .. }
            | Error::HyperResponseError { .. }
            | Error::HyperLegacyError { .. }
            | Error::RequestTimeoutError
            | Error::SocketNotFoundError(_)
    )
}

fn innermost(error: &Error) -> String {
    if let Some(words) = error_words::tls_cause(error) {
        return words;
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status_code: u16) -> Error {
        Error::DockerResponseServerError {
            status_code,
            message: "why".into(),
        }
    }

    #[test]
    fn only_a_404_that_names_the_thing_is_absence() {
        assert!(matches!(absent::<()>(Err(answered(404)), "why"), Ok(None)));
        assert!(absent::<()>(Err(answered(404)), "another").is_err());
        assert!(matches!(absent(Ok(1), "why"), Ok(Some(1))));
        for status in [400, 401, 403, 409, 500, 503] {
            assert!(absent::<()>(Err(answered(status)), "why").is_err(), "{status}");
        }
        assert!(absent::<()>(Err(Error::RequestTimeoutError), "why").is_err());
    }

    #[test]
    fn each_error_has_its_exit_code() {
        for (error, reason, code) in [
            (answered(500), "docker_error", 1),
            (answered(409), "docker_conflict", 75),
            (Error::RequestTimeoutError, "docker_unreachable", 69),
            (
                std::io::Error::from(ErrorKind::ConnectionReset).into(),
                "docker_unreachable",
                69,
            ),
            (
                std::io::Error::from(ErrorKind::PermissionDenied).into(),
                "docker_permission",
                77,
            ),
        ] {
            let failure = docker_failure("list the networks", &error);
            assert_eq!((failure.reason, failure.exit.code()), (reason, code), "{error}");
        }
    }
}
