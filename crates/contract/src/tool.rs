//! What a tool is.

use crate::{Reason, SharedFlags};

/// What is fixed about a tool.
#[derive(Debug)]
pub struct Tool {
    /// The program's name.
    pub name: &'static str,
    /// The version, from Cargo.
    pub version: &'static str,
    /// Which shared flags it has.
    pub shared: SharedFlags,
    /// Every reason it may report, beside [`crate::COMMON_REASONS`]: its own, and those of the crates it works with.
    pub reasons: &'static [&'static [Reason]],
}
