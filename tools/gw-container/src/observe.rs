//! What is there: the volume, the host's ports and routes. Docker's own facts of a gateway are `gateway-facts`'.

pub mod k3s_version;
pub mod ports;
pub mod routes;
pub mod volume;
