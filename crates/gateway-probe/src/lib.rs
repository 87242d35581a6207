//! Is a gateway serving? TLS and HTTP/2 as a client sees them.
//!
//! It serves when an mTLS connection with the client's bundle completes and the peer answers the HTTP/2 preface with
//! its SETTINGS (RFC 9113, 3.4). With TLS 1.3 the client's side of the handshake is complete before the server has looked
//! at the client's certificate: only the answer proves that it was accepted. Where TLS is off, HTTP/2 with prior knowledge.

mod client_config;
mod fault;
mod probe;

pub use client_config::{BundleInvalid, client_config};
pub use fault::{Outcome, TlsFault};
pub use probe::{Secured, connect_tls, connect_tls_over, probe, probe_over, reachable};
