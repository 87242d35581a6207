//! What is wrong with what there is. Pure: Secrets, files, wanted names and the clock in; findings out.

pub mod ca_change;
mod examined;
pub mod server_names;
mod trust;

use kube_session::HeldSecret;

use crate::certificate::chain::leads_to;
use crate::certificate::{Certificate, Purpose, private_key};
use crate::finding::Finding;
use crate::observe::{Observed, RETIRING, certificates, present};
pub use examined::{Demand, Examined, Part};
use trust::{trust, trusted};

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
