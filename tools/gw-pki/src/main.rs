//! TLS Secrets and the client bundle of a gateway
fn main() {}
