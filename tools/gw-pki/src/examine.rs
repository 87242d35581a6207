//! What is wrong with what there is. Pure: Secrets, files, wanted names and the clock in; findings out.

use std::collections::BTreeSet;

use client_files::BundleContent;
use kube_session::HeldSecret;

use crate::certificate::{Certificate, Purpose};
use crate::chain::leads_to;
use crate::finding::Finding;
use crate::private_key;

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
}

impl Examined {
    /// Is there a CA that may issue, with its key?
    pub fn can_issue(&self) -> bool {
        self.authority.exists
            && self
                .authority
                .own
                .iter()
                .all(|finding| *finding == Finding::Expiring)
    }
}

/// Examines everything. `now` is in seconds since 1970.
pub fn examine(observed: &Observed, wanted: &BTreeSet<String>, now: i64) -> Examined {
    let nothing = observed.server.is_none() && observed.client_ca.is_none() && observed.client.is_none();
    let mut examined = Examined {
        authority: authority(observed.authority.as_ref(), nothing, now),
        ..Examined::default()
    };
    let issuer: Option<Vec<Certificate>> = examined
        .authority
        .certificate
        .clone()
        .filter(|_| examined.can_issue())
        .map(|ca| vec![ca]);
    let client_ca = certificates(observed.client_ca.as_ref(), "ca.crt");
    let client_trust = certificates(observed.client.as_ref(), "ca.crt");
    // Where no CA is kept, a leaf belongs to the CA that its peer trusts; failing that, to the one its own side trusts.
    let server_anchors = issuer.as_ref().or(client_trust.as_ref()).or(client_ca.as_ref());
    let client_anchors = issuer.as_ref().or(client_ca.as_ref()).or(client_trust.as_ref());

    examined.server = leaf(observed.server.as_ref(), Purpose::Server, server_anchors, now);
    if let Some(certificate) = &examined.server.certificate
        && !wanted.is_subset(&certificate.sans)
    {
        examined.server.own.push(Finding::SanMissing);
    }
    if let Some(secret) = &observed.server
        && secret.secret_type() != "kubernetes.io/tls"
    {
        examined.server.own.push(Finding::TypeWrong);
    }
    examined.client = leaf(observed.client.as_ref(), Purpose::Client, client_anchors, now);
    let of_client = trust(
        observed.client.as_ref(),
        client_trust.as_deref(),
        issuer.as_deref(),
        now,
    );
    examined.client.trust = of_client;
    examined.client_ca = Part {
        exists: observed.client_ca.is_some(),
        is_immutable: observed.client_ca.as_ref().is_some_and(HeldSecret::is_immutable),
        certificate: client_ca.as_ref().and_then(|all| all.first().cloned()),
        own: Vec::new(),
        trust: trust(
            observed.client_ca.as_ref(),
            client_ca.as_deref(),
            issuer.as_deref(),
            now,
        ),
    };
    examined.trust = trusted(observed, &examined, now);
    examined.bundle = bundle(observed);
    examined
}

fn certificates(secret: Option<&HeldSecret>, key: &str) -> Option<Vec<Certificate>> {
    Certificate::read_all(secret?.value(key)?)
}

fn present<'a>(secret: &'a HeldSecret, key: &str) -> Option<&'a [u8]> {
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
        own.extend(certificate.validity(now));
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
        trust: Vec::new(),
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

fn leaf(secret: Option<&HeldSecret>, purpose: Purpose, anchors: Option<&Vec<Certificate>>, now: i64) -> Part {
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
        own.extend(certificate.validity(now));
    }
    Part {
        exists: true,
        is_immutable: secret.is_immutable(),
        certificate,
        own,
        trust: Vec::new(),
    }
}

/// What is wrong with the CA certificates of a Secret. The CA that issues must be among them; where none is kept, one
/// that is valid must be.
fn trust(
    secret: Option<&HeldSecret>,
    handed_out: Option<&[Certificate]>,
    issuer: Option<&[Certificate]>,
    now: i64,
) -> Vec<Finding> {
    let Some(secret) = secret else {
        return vec![Finding::DoesNotExist];
    };
    let Some(handed_out) = handed_out else {
        let is_missing = present(secret, "ca.crt").is_none();
        return vec![if is_missing {
            Finding::MissingData
        } else {
            Finding::InvalidPem
        }];
    };
    if let Some([issuer, ..]) = issuer {
        let has_it = handed_out.iter().any(|found| found.der == issuer.der);
        return if has_it {
            Vec::new()
        } else {
            vec![Finding::IncorrectIssuer]
        };
    }
    let findings = |ca: &Certificate| {
        let usage = ca.usage(Purpose::Authority);
        usage.into_iter().chain(ca.validity(now)).collect::<Vec<_>>()
    };
    // The least that is wrong with any of them.
    handed_out
        .iter()
        .map(findings)
        .min_by_key(|found| found.iter().filter(|finding| finding.needs_work(false)).count())
        .unwrap_or_default()
}

/// The CA certificates that all must trust: the CA that issues or, where none is kept, the ones that one of the Secrets
/// hands out, both leaves lead to, and nothing is wrong with.
fn trusted(observed: &Observed, examined: &Examined, now: i64) -> Option<Vec<u8>> {
    let copy = |secret: &Option<HeldSecret>| secret.as_ref()?.value("ca.crt").map(<[u8]>::to_vec);
    if examined.can_issue() {
        return copy(&observed.authority);
    }
    let leaves = [
        certificates(observed.server.as_ref(), "tls.crt"),
        certificates(observed.client.as_ref(), "tls.crt"),
    ];
    [&observed.client, &observed.client_ca]
        .into_iter()
        .find_map(|secret| {
            let anchors = certificates(secret.as_ref(), "ca.crt")?;
            let is_sound = trust(secret.as_ref(), Some(&anchors), None, now)
                .iter()
                .all(|finding| !finding.needs_work(false));
            let all_lead_there = leaves.iter().all(|leaf| {
                leaf.as_ref()
                    .is_some_and(|presented| leads_to(presented, &anchors))
            });
            if is_sound && all_lead_there {
                copy(secret)
            } else {
                None
            }
        })
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
