//! The ports of the host that a plan depends on.

/// Can the gateway's port be published?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Use {
    /// Yes, as far as can be told.
    Free,
    /// No: this holds it.
    Taken(String),
    /// No: the machine has no such address.
    NoSuchAddress,
}

/// The ports of a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ports {
    /// The gateway's own.
    pub gateway: Use,
    /// The API's: the persisted one is free, where there is one.
    pub api_kept: bool,
    /// A free port for the API.
    pub api_fresh: Option<u16>,
}
