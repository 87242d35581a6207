//! Waits for a gateway: API, namespace, roll-out, gRPC
fn main() {}
