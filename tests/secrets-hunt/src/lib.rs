//! Its one test runs when the others have: see `tests/after_all.rs`.
