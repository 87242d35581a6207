//! What a reader may rely on in this repository.

mod lints;
mod quick;
