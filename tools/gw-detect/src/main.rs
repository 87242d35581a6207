//! What is there? The state of a gateway
fn main() {}
