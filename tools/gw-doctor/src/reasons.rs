//! Every reason of a failure, for the help text.

use contract::{Exit, Reason};

/// There is no document on standard input.
pub const NO_DOCUMENTS: Reason = Reason::new(
    "no_documents",
    Exit::Failed,
    "there is no document on standard input",
);
/// Standard input is no stream of documents, each with a name.
pub const INPUT_INVALID: Reason = Reason::new(
    "input_invalid",
    Exit::Failed,
    "standard input is no stream of documents, each with a name",
);
/// A file or standard input could not be read.
pub const INPUT_FAILED: Reason = Reason::new(
    "input_failed",
    Exit::Failed,
    "a file or standard input could not be read",
);

/// The bundle cannot be written to standard output.
pub const OUTPUT_FAILED: Reason = Reason::new(
    "output_failed",
    Exit::Failed,
    "the bundle cannot be written to standard output",
);

const OWN: &[Reason] = &[NO_DOCUMENTS, INPUT_INVALID, INPUT_FAILED, OUTPUT_FAILED];

/// The tool's own reasons.
pub const ALL: &[&[Reason]] = &[OWN];
