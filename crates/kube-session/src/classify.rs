//! What an error of the API server means for the caller.

use kube::core::Status;

/// What kind of trouble an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// A 404 that names the object asked for: it is absent.
    Absent,
    /// A 409 of a create: an object of this name exists.
    Exists,
    /// A 409 of a replace or a delete with preconditions: the object changed meanwhile.
    Conflict,
    /// 401 or 403: may heal while a cluster starts, and most often does not.
    Forbidden,
    /// 400 or 422: the same request will be refused again.
    Refused,
    /// 429, 5xx, 404 of something else, an answer that cannot be read: worth asking again.
    Answer,
    /// No answer: refused, reset, cut, stalled, or a TLS failure.
    Unreachable,
}

/// Classifies an error of a request about the object `name`.
pub fn classify(error: &kube::Error, name: &str) -> Trouble {
    match error {
        kube::Error::Api(status) => classify_status(status, name),
        kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) | kube::Error::HttpError(_) => Trouble::Answer,
        kube::Error::BuildRequest(_) => Trouble::Refused,
        kube::Error::Auth(_) => Trouble::Forbidden,
        _ => Trouble::Unreachable,
    }
}

fn classify_status(status: &Status, name: &str) -> Trouble {
    let named = || {
        status
            .details
            .as_ref()
            .is_some_and(|details| details.name == name)
    };
    match status.code {
        404 if status.reason == "NotFound" && named() => Trouble::Absent,
        409 if status.reason == "AlreadyExists" => Trouble::Exists,
        409 => Trouble::Conflict,
        401 | 403 => Trouble::Forbidden,
        400 | 405 | 413 | 415 | 422 => Trouble::Refused,
        _ => Trouble::Answer,
    }
}

/// What a request about the object `name` returned; `None` where its absence is proven.
///
/// # Errors
/// Every other error of the API server, as it is.
pub fn present<K>(answer: Result<K, kube::Error>, name: &str) -> Result<Option<K>, kube::Error> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if classify(&error, name) == Trouble::Absent => Ok(None),
        Err(error) => Err(error),
    }
}

/// The error with all its causes, in one line and without what they repeat.
pub fn explain(error: &kube::Error) -> String {
    if let kube::Error::Api(status) = error {
        let message = status.message.trim();
        return format!(
            "{} ({})",
            if message.is_empty() { "no message" } else { message },
            status.code
        );
    }
    // What serde says may quote the value that it could not read, and that may be a secret.
    if let kube::Error::SerdeError(error) = error {
        return format!(
            "the answer is not what was expected (line {}, column {})",
            error.line(),
            error.column()
        );
    }
    error_words::explain(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::core::response::StatusDetails;

    fn status(code: u16, reason: &str, named: Option<&str>) -> kube::Error {
        let details = named.map(|name| StatusDetails {
            name: name.to_owned(),
            group: String::new(),
            kind: String::new(),
            uid: String::new(),
            causes: Vec::new(),
            retry_after_seconds: 0,
        });
        kube::Error::Api(
            Status {
                code,
                details,
                ..Status::failure("text", reason)
            }
            .boxed(),
        )
    }

    #[test]
    fn what_cannot_be_read_is_not_quoted() {
        let wrong = serde_json::from_str::<u8>("\"plain-value\"").unwrap_err();
        assert!(wrong.to_string().contains("plain-value"));
        let told = explain(&kube::Error::SerdeError(wrong));
        assert!(told.contains("line 1") && !told.contains("plain-value"), "{told}");
    }

    #[test]
    fn absence_needs_a_404_that_names_the_object() {
        let table = [
            (status(404, "NotFound", Some("wanted")), Trouble::Absent),
            (status(404, "NotFound", Some("another")), Trouble::Answer),
            (status(404, "NotFound", None), Trouble::Answer),
            (status(404, "Failed to parse error data", None), Trouble::Answer),
            (status(409, "AlreadyExists", Some("wanted")), Trouble::Exists),
            (status(409, "Conflict", Some("wanted")), Trouble::Conflict),
            (status(403, "Forbidden", Some("wanted")), Trouble::Forbidden),
            (status(422, "Invalid", Some("wanted")), Trouble::Refused),
            (status(429, "TooManyRequests", None), Trouble::Answer),
            (status(500, "InternalError", None), Trouble::Answer),
        ];
        for (error, expected) in table {
            assert_eq!(classify(&error, "wanted"), expected, "{error:?}");
        }
    }
}
