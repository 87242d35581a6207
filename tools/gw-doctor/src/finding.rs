//! A finding, before it is known whether it only follows from another one.

use contract::ErrorField;

use crate::cause::Cause;
use crate::question::Question;
use crate::report::FindingField;

/// Something that is wrong, or only follows from something else.
#[derive(Debug)]
pub struct Finding {
    /// Its cause.
    pub cause: Cause,
    /// As the document shows it.
    pub shown: FindingField,
    /// Causes that do not explain it this time.
    pub despite: &'static [Cause],
}

impl Finding {
    /// A finding of a cause that has a word of its own.
    pub fn new(
        cause: Cause,
        object: impl Into<String>,
        message: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self {
            cause,
            shown: FindingField {
                cause: cause.word().unwrap_or_default().to_owned(),
                object: object.into(),
                message: message.into(),
                next: next.into(),
            },
            despite: &[],
        }
    }

    /// A tool could not tell: the cause is its own reason.
    pub fn untold(
        question: Question,
        error: &ErrorField,
        object: impl Into<String>,
        message: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        let mut finding = Self::new(Cause::NotTold(question), object, message, next);
        finding.shown.cause.clone_from(&error.reason);
        finding
    }

    /// Does one of these causes explain it?
    pub fn follows_from_one_of(&self, causes: &[Cause]) -> bool {
        let mut explaining = self.cause.follows_from().iter().copied().flatten();
        explaining.any(|cause| causes.contains(cause) && !self.despite.contains(cause))
    }
}
