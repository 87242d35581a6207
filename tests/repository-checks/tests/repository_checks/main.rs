//! What a reader may rely on in this repository.

mod quick;
