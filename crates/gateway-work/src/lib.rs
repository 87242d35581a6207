//! The locked work of one run on one gateway: which gateway and which Docker are meant, the gateway's lock, what Docker knows before
//! the first change, and what of the work every document shows.

mod container;
mod held;
mod record;
mod work;

pub use container::{check_own, no_container, not_running, own_container};
pub use held::{Held, How};
pub use record::{Record, StateBefore, WorkFields, WorkReport};
pub use work::{Access, Work};

use contract::{Exit, Reason};

/// The container is not the gateway's.
pub const FOREIGN_CONTAINER: Reason = Reason::new(
    "foreign_container",
    Exit::Failed,
    "a container that is no gateway has the gateway's name",
);
/// There is none.
pub const NO_CONTAINER: Reason = Reason::new("no_container", Exit::Failed, "the gateway has no container");
/// There is one, and it does not run.
pub const NOT_RUNNING: Reason = Reason::new(
    "not_running",
    Exit::Failed,
    "the gateway's container does not run",
);
