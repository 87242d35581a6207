//! The steps that a plan is made of.

use gateway_names::{AUTHORITY_SECRET, CLIENT_CA_SECRET, CLIENT_TLS_SECRET, SERVER_TLS_SECRET};
use kube_session::HeldSecret;

use crate::examine::{Examined, Part};
use crate::observe::Observed;

/// One thing to do. Steps are done in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make a CA and keep it, with those that it replaces. Who writes this Secret first decides for everybody.
    MakeAuthority,
    /// Somebody has put another CA in: keep those that it replaces beside it.
    NoteRetiring,
    /// Give the server the CA that clients' certificates chain to.
    WriteClientCa,
    /// Issue the server's certificate.
    IssueServer,
    /// Issue the client's certificate.
    IssueClient,
    /// Give clients the CA that the server's certificate chains to; their own certificate stays.
    WriteClientTrust,
    /// Give the bundle on disk what the cluster has for clients.
    WriteBundle,
    /// The CAs that were replaced are trusted by nobody: forget them.
    ForgetRetired,
}

impl Step {
    /// The Secret that it writes.
    pub fn secret(self) -> Option<&'static str> {
        match self {
            Self::MakeAuthority | Self::NoteRetiring | Self::ForgetRetired => Some(AUTHORITY_SECRET),
            Self::WriteClientCa => Some(CLIENT_CA_SECRET),
            Self::IssueServer => Some(SERVER_TLS_SECRET),
            Self::IssueClient | Self::WriteClientTrust => Some(CLIENT_TLS_SECRET),
            Self::WriteBundle => None,
        }
    }

    /// The type of that Secret.
    pub fn secret_type(self) -> &'static str {
        if self == Self::IssueServer {
            "kubernetes.io/tls"
        } else {
            "Opaque"
        }
    }

    /// The Secret that it writes, examined.
    pub fn part(self, examined: &Examined) -> Option<&Part> {
        match self {
            Self::MakeAuthority | Self::NoteRetiring | Self::ForgetRetired => Some(&examined.authority),
            Self::WriteClientCa => Some(&examined.client_ca),
            Self::IssueServer => Some(&examined.server),
            Self::IssueClient | Self::WriteClientTrust => Some(&examined.client),
            Self::WriteBundle => None,
        }
    }

    /// The Secret that it writes, as it was observed; `None` where there is none.
    pub fn observed(self, observed: &Observed) -> Option<&HeldSecret> {
        let secret = match self {
            Self::MakeAuthority | Self::NoteRetiring | Self::ForgetRetired => &observed.authority,
            Self::WriteClientCa => &observed.client_ca,
            Self::IssueServer => &observed.server,
            Self::IssueClient | Self::WriteClientTrust => &observed.client,
            Self::WriteBundle => return None,
        };
        secret.as_ref()
    }
}
