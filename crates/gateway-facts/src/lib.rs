//! What Docker knows of a gateway: container, volume, networks, ports that others have; and the specification that is
//! persisted with it. Read side by side, in the time of one round trip. Nothing is decided here.

mod container;
mod facts;
mod network;
mod spec;
mod taken_ports;

pub use container::{Attachment, Container, Health, Published, Status};
pub use facts::{Facts, Volume, aside_name, inspect, observe};
pub use network::Network;
pub use spec::{Confinement, Spec};
pub use taken_ports::{Neighbour, covers};
