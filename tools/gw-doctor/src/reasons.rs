//! Every reason of a failure, for the help text.

use contract::Reason;

const OWN: &[Reason] = &[
    Reason::new("no_documents", "there is no document on standard input"),
    Reason::new(
        "input_invalid",
        "standard input is no stream of documents, each with a name",
    ),
    Reason::new("input_failed", "standard input cannot be read"),
];

/// The tool's own reasons.
pub const ALL: &[&[Reason]] = &[OWN];
