//! What people are told of a forward: a change, and not each connection.

use std::sync::{Mutex, PoisonError};

/// What was told last: why the server is not reached; `None`: it is.
#[derive(Debug, Default)]
pub struct News(Mutex<Option<String>>);

impl News {
    /// What is to be told of a connection: why the server is not reached (`Some(Some)`), that it is again (`Some(None)`), or nothing.
    pub fn of(&self, cause: Option<String>) -> Option<Option<String>> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *told == cause {
            return None;
        }
        told.clone_from(&cause);
        Some(cause)
    }
}

#[cfg(test)]
mod tests {
    use super::News;

    #[test]
    fn a_change_is_told_once() {
        let news = News::default();
        for (cause, told) in [
            (None, None),
            (Some("a"), Some(Some("a"))),
            (Some("a"), None),
            (Some("b"), Some(Some("b"))),
            (None, Some(None)),
            (None, None),
            (Some("b"), Some(Some("b"))),
        ] {
            let told = told.map(|told: Option<&str>| told.map(str::to_owned));
            assert_eq!(news.of(cause.map(str::to_owned)), told, "{cause:?}");
        }
    }
}
