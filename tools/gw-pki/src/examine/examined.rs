//! What certificates are held against, and what is wrong with them.

use std::collections::BTreeSet;

use crate::certificate::Certificate;
use crate::finding::Finding;
use crate::report::Phase;

/// What the certificates are held against.
#[derive(Clone, Copy, Debug)]
pub struct Demand<'a> {
    /// The names and addresses that the server's certificate must carry.
    pub sans: &'a BTreeSet<String>,
    /// Leaves are expiring where less than this is left, in seconds; a third of their time where it is not given.
    pub renew_before: Option<i64>,
    /// The clock, in seconds since 1970.
    pub now: i64,
}

/// One Secret, examined.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Does the Secret exist?
    pub exists: bool,
    /// Does Kubernetes refuse to change it?
    pub is_immutable: bool,
    /// Its certificate; of a CA's Secret the CA.
    pub certificate: Option<Certificate>,
    /// What is wrong with certificate and key.
    pub own: Vec<Finding>,
    /// What is wrong with the CA certificates that it hands out.
    pub trust: Vec<Finding>,
    /// Does it hand out a CA that is being replaced?
    pub trusts_retiring: bool,
}

impl Part {
    /// Is this a CA that may issue, with its key?
    pub fn can_issue(&self) -> bool {
        self.exists && self.own.iter().all(|finding| *finding == Finding::Expiring)
    }

    /// Everything that is wrong, each thing once.
    pub fn findings(&self) -> BTreeSet<Finding> {
        self.own.iter().chain(&self.trust).copied().collect()
    }
}

/// All of it, examined.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Examined {
    /// The Secret that keeps the CA.
    pub authority: Part,
    /// The server's Secret.
    pub server: Part,
    /// The Secret with the CA of clients.
    pub client_ca: Part,
    /// The Secret of clients.
    pub client: Part,
    /// What is wrong with the bundle on disk.
    pub bundle: Vec<Finding>,
    /// The CA certificates (PEM) that all must trust, where that is known.
    pub trust: Option<Vec<u8>>,
    /// The CA certificates (PEM), without the one that issues, that leaves lead to and that are trusted.
    pub others: Vec<u8>,
    /// How far a change of the CA is.
    pub phase: Phase,
    /// Does the server know the CA that issues, both as its own and as its clients'?
    pub server_is_ready: bool,
    /// Must the server restart to serve what the Secrets hold?
    pub restart_needed: bool,
}

impl Examined {
    /// Is there a CA that may issue, with its key?
    pub fn can_issue(&self) -> bool {
        self.authority.can_issue()
    }
}
