//! What there is, and what it is held against.

use std::collections::BTreeSet;

use client_files::BundleContent;
use kube_session::HeldSecret;

use crate::certificate::Certificate;
use crate::serving::Serving;
use crate::step::Step;

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

/// What there is.
#[derive(Default)]
pub struct Observed {
    /// The Secret that keeps the CA with its key.
    pub authority: Option<HeldSecret>,
    /// The server's Secret.
    pub server: Option<HeldSecret>,
    /// The Secret with the CA of clients.
    pub client_ca: Option<HeldSecret>,
    /// The Secret of clients.
    pub client: Option<HeldSecret>,
    /// The client's bundle on disk.
    pub bundle: Option<BundleContent>,
    /// Can others read a file of the bundle?
    pub bundle_is_open: bool,
    /// The server's pods that run.
    pub serving: Vec<Serving>,
}

impl Observed {
    /// The Secret that a step writes, where it exists.
    pub fn secret(&self, step: Step) -> Option<&HeldSecret> {
        let secret = match step {
            Step::MakeAuthority | Step::NoteRetiring | Step::ForgetRetired => &self.authority,
            Step::WriteClientCa => &self.client_ca,
            Step::IssueServer => &self.server,
            Step::IssueClient | Step::WriteClientTrust => &self.client,
            Step::WriteBundle => return None,
        };
        secret.as_ref()
    }
}

/// The certificates that a Secret has under a key; `None` where there are none that can be read.
pub fn certificates(secret: Option<&HeldSecret>, key: &str) -> Option<Vec<Certificate>> {
    Certificate::read_all(secret?.value(key)?)
}

/// The value of a key, unless it is empty.
pub fn present<'a>(secret: &'a HeldSecret, key: &str) -> Option<&'a [u8]> {
    secret.value(key).filter(|value| !value.is_empty())
}
