//! The certificates in the cluster, and the client's bundle on this host.

use gateway_names::{CLIENT_CA_SECRET, CLIENT_TLS_SECRET, SERVER_TLS_SECRET};
use gw_pki::finding::{Finding as Wrong, listed};
use gw_pki::report::{CertificateReport, Report};
use jiff::Timestamp;

use crate::cause::Cause;
use crate::finding::Finding;
use crate::observe::{Observed, known};

/// What is wrong.
pub fn findings(observed: &Observed<'_>) -> Vec<Finding> {
    let Some(checked) = observed.answers.pki.as_ref().map(|document| &document.report) else {
        return Vec::new();
    };
    let certificates = checked.certificates.iter();
    let found = certificates.filter_map(|certificate| of_certificate(observed, checked, certificate));
    found.chain(of_bundle(observed, checked)).collect()
}

fn of_certificate(
    observed: &Observed<'_>,
    checked: &Report,
    certificate: &CertificateReport,
) -> Option<Finding> {
    let secret = certificate.secret.as_str();
    let wrong = certificate.findings.iter().copied();
    let wrong: Vec<Wrong> = wrong
        .filter(|wrong| !matches!(wrong, Wrong::TypeWrong | Wrong::Expiring))
        .collect();
    // A CA without its key still is a CA.
    if ![SERVER_TLS_SECRET, CLIENT_CA_SECRET, CLIENT_TLS_SECRET].contains(&secret) || wrong.is_empty() {
        return None;
    }
    let (cause, message) = if wrong.contains(&Wrong::DoesNotExist) {
        (Cause::CertificateMissing, "the Secret does not exist".to_owned())
    } else if wrong.contains(&Wrong::Expired) {
        let cause = if secret == SERVER_TLS_SECRET {
            Cause::ServerCertificateExpired
        } else {
            Cause::CertificateExpired
        };
        let not_after = known(certificate.not_after.as_deref());
        (cause, format!("its certificate expired at {not_after}"))
    } else {
        let wrong = listed(&wrong);
        (
            Cause::CertificateInvalid,
            format!("its certificate is wrong: {wrong}"),
        )
    };
    let mut finding = Finding::new(
        cause,
        format!("secret {}/{secret}", known(checked.namespace.as_deref())),
        message,
        observed.again(),
    );
    let is_about_time = |wrong: &Wrong| matches!(wrong, Wrong::Expired | Wrong::NotYetValid);
    if !wrong.iter().all(is_about_time) || is_over_on_the_node(observed, certificate) {
        finding.despite = &[Cause::ClockSkew];
    }
    Some(finding)
}

/// Does the node's clock, too, say that its time is over?
fn is_over_on_the_node(observed: &Observed<'_>, certificate: &CertificateReport) -> bool {
    let time = |text: Option<&String>| text.and_then(|text| text.parse::<Timestamp>().ok());
    let node_time = observed.diagnosis().and_then(|it| it.node_time.as_ref());
    match (time(certificate.not_after.as_ref()), time(node_time)) {
        (Some(not_after), Some(node_time)) => not_after <= node_time,
        (None, _) => true,
        (Some(_), None) => false,
    }
}

fn of_bundle(observed: &Observed<'_>, checked: &Report) -> Option<Finding> {
    let bundle = checked.bundle.as_ref()?;
    let object = format!("folder {}", bundle.folder);
    if bundle.findings.is_empty() {
        return None;
    }
    if bundle.findings.contains(&Wrong::DoesNotExist) {
        let message = "this host has no client bundle";
        return Some(Finding::new(
            Cause::ClientBundleMissing,
            object,
            message,
            observed.again(),
        ));
    }
    let more = bundle.findings.iter();
    let more = listed(more.filter(|wrong| **wrong != Wrong::ClientBundleDiffers));
    let mut message = "the client bundle does not match the cluster's".to_owned();
    if !more.is_empty() {
        message.push_str(&format!(": {more}"));
    }
    Some(Finding::new(
        Cause::ClientBundleDiffers,
        object,
        message,
        observed.again(),
    ))
}
