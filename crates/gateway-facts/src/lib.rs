//! What Docker knows of a gateway: container, volume, networks, ports that others have; and the specification that is
//! persisted with it. Read side by side, in the time of one round trip. Nothing is decided here.

mod container;
mod everything;
mod facts;
mod health;
mod network;
mod node_certificate;
mod shown;
mod spec;
mod taken_ports;

pub use container::{Attachment, Container, Published, Status};
pub use everything::all_gateways;
pub use facts::{Facts, Volume, aside_name, helper_name, inspect, look_name, observe};
pub use health::{Health, MARKERS};
pub use network::Network;
pub use node_certificate::node_in_certificate;
pub use spec::{Confinement, Proxies, Registry, Spec};
pub use taken_ports::{Neighbour, covers};
