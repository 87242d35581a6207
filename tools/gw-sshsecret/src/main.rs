//! The SSH handshake Secret of a gateway
fn main() {}
