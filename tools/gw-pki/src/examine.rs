//! What is wrong with what there is. Pure: Secrets, files, wanted names and the clock in; findings out.

use std::collections::BTreeSet;

use client_files::BundleContent;
use kube_session::HeldSecret;

use crate::authority::{RETIRING, can_issue};
use crate::ca_change;
use crate::certificate::{Certificate, Purpose};
use crate::chain::leads_to;
use crate::finding::Finding;
use crate::plan::Step;
use crate::private_key;
use crate::report::Phase;
use crate::serving::Serving;
use crate::trust::{trust, trusted};

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
        can_issue(&self.authority)
    }
}

/// Examines everything.
pub fn examine(observed: &Observed, demand: Demand<'_>) -> Examined {
    let nothing = observed.server.is_none() && observed.client_ca.is_none() && observed.client.is_none();
    let mut examined = Examined {
        authority: authority(observed.authority.as_ref(), nothing, demand.now),
        ..Examined::default()
    };
    let issuer: Option<Vec<Certificate>> = examined
        .authority
        .certificate
        .clone()
        .filter(|_| examined.can_issue())
        .map(|ca| vec![ca]);
    let retiring = certificates(observed.authority.as_ref(), RETIRING).unwrap_or_default();
    let client_ca = certificates(observed.client_ca.as_ref(), "ca.crt");
    let client_trust = certificates(observed.client.as_ref(), "ca.crt");
    // Where no CA is kept, a leaf belongs to the CA that its peer trusts; failing that, to the one its own side trusts.
    let server_anchors = issuer.as_ref().or(client_trust.as_ref()).or(client_ca.as_ref());
    let client_anchors = issuer.as_ref().or(client_ca.as_ref()).or(client_trust.as_ref());

    examined.server = leaf(observed.server.as_ref(), Purpose::Server, server_anchors, demand);
    if let Some(certificate) = &examined.server.certificate
        && !demand.sans.is_subset(&certificate.sans)
    {
        examined.server.own.push(Finding::SanMissing);
    }
    if let Some(secret) = &observed.server
        && secret.secret_type() != "kubernetes.io/tls"
    {
        examined.server.own.push(Finding::TypeWrong);
    }
    examined.client = leaf(observed.client.as_ref(), Purpose::Client, client_anchors, demand);
    let trusts_retiring = |handed_out: &Option<Vec<Certificate>>| {
        let mut found = handed_out.iter().flatten();
        found.any(|ca| retiring.iter().any(|retiring| retiring.der == ca.der))
    };
    let findings_of = |secret, handed_out: &Option<Vec<Certificate>>| {
        trust(secret, handed_out.as_deref(), issuer.as_deref(), demand.now)
    };
    examined.client.trust = findings_of(observed.client.as_ref(), &client_trust);
    examined.client.trusts_retiring = trusts_retiring(&client_trust);
    examined.client_ca = Part {
        exists: observed.client_ca.is_some(),
        is_immutable: observed.client_ca.as_ref().is_some_and(HeldSecret::is_immutable),
        certificate: client_ca.as_ref().and_then(|all| all.first().cloned()),
        own: Vec::new(),
        trust: findings_of(observed.client_ca.as_ref(), &client_ca),
        trusts_retiring: trusts_retiring(&client_ca),
    };
    ca_change::examine(&mut examined, observed, &retiring, demand.now);
    examined.trust = trusted(observed, &examined, demand.now);
    examined.bundle = bundle(observed);
    examined
}

/// The certificates that a Secret has under a key; `None` where there are none that can be read.
pub fn certificates(secret: Option<&HeldSecret>, key: &str) -> Option<Vec<Certificate>> {
    Certificate::read_all(secret?.value(key)?)
}

/// The value of a key, unless it is empty.
pub fn present<'a>(secret: &'a HeldSecret, key: &str) -> Option<&'a [u8]> {
    secret.value(key).filter(|value| !value.is_empty())
}

fn authority(secret: Option<&HeldSecret>, nothing: bool, now: i64) -> Part {
    let Some(secret) = secret else {
        let finding = if nothing {
            Finding::DoesNotExist
        } else {
            Finding::CaKeyMissing
        };
        return Part {
            own: vec![finding],
            ..Part::default()
        };
    };
    let mut own = Vec::new();
    let certificate = read_first(secret, "ca.crt", &mut own);
    let key = present(secret, "ca.key");
    if let Some(certificate) = &certificate {
        own.extend(certificate.usage(Purpose::Authority));
        own.extend(certificate.validity(now, None));
        own.extend(key.and_then(|key| private_key::check(key, certificate)));
    }
    if key.is_none() {
        own.push(Finding::CaKeyMissing);
    }
    Part {
        exists: true,
        is_immutable: secret.is_immutable(),
        certificate,
        own,
        ..Part::default()
    }
}

fn read_first(secret: &HeldSecret, key: &str, findings: &mut Vec<Finding>) -> Option<Certificate> {
    let Some(value) = present(secret, key) else {
        findings.push(Finding::MissingData);
        return None;
    };
    let read = Certificate::read_all(value);
    if read.is_none() {
        findings.push(Finding::InvalidPem);
    }
    read.and_then(|all| all.into_iter().next())
}

fn leaf(
    secret: Option<&HeldSecret>,
    purpose: Purpose,
    anchors: Option<&Vec<Certificate>>,
    demand: Demand<'_>,
) -> Part {
    let Some(secret) = secret else {
        return Part {
            own: vec![Finding::DoesNotExist],
            ..Part::default()
        };
    };
    let mut own = Vec::new();
    let certificate = read_first(secret, "tls.crt", &mut own);
    let key = present(secret, "tls.key");
    if key.is_none() && !own.contains(&Finding::MissingData) {
        own.push(Finding::MissingData);
    }
    if let Some(certificate) = &certificate {
        own.extend(key.and_then(|key| private_key::check(key, certificate)));
        let presented = certificates(Some(secret), "tls.crt").unwrap_or_default();
        if !anchors.is_some_and(|anchors| leads_to(&presented, anchors)) {
            own.push(Finding::IncorrectIssuer);
        }
        own.extend(certificate.usage(purpose));
        own.extend(certificate.validity(demand.now, demand.renew_before));
    }
    Part {
        exists: true,
        is_immutable: secret.is_immutable(),
        certificate,
        own,
        ..Part::default()
    }
}

fn bundle(observed: &Observed) -> Vec<Finding> {
    let Some(bundle) = &observed.bundle else {
        return vec![Finding::DoesNotExist];
    };
    let in_cluster = |key| observed.client.as_ref().and_then(|secret| secret.value(key));
    let is_same = in_cluster("ca.crt") == Some(&bundle.ca)
        && in_cluster("tls.crt") == Some(&bundle.certificate)
        && in_cluster("tls.key") == Some(&bundle.key);
    if is_same && !observed.bundle_is_open {
        Vec::new()
    } else {
        vec![Finding::ClientBundleDiffers]
    }
}
