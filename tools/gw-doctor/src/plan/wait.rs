//! Waits that failed.

use contract::{Document, ErrorField};
use gw_wait::report::Report;

/// Why a wait ended: what the last attempt saw, else the error in words.
pub fn last_cause(waited: &Document<Report>, error: &ErrorField) -> String {
    let seen = waited.report.last_cause.as_ref();
    seen.map_or_else(|| error.message.clone(), |cause| cause.detail.clone())
}

/// A wait that failed, and why.
pub fn failed(waited: Option<&Document<Report>>) -> Option<(&Document<Report>, &ErrorField)> {
    let waited = waited?;
    Some((waited, waited.error.as_ref()?))
}
