//! Do sandboxes live through a fault? A gateway with two of them, what happens to it, and how long they take to answer again.

mod deployed;
mod fault;
mod forward;
mod tally;

pub use deployed::{Chart, Deployed};
pub use fault::Fault;
pub use tally::{Moment, Tally, table};
