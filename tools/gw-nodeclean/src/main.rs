//! Stale nodes, stuck pods and re-bound volumes
fn main() {}
