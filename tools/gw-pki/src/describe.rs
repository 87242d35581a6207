//! What was found, in the document's words.

use gateway_names::{AUTHORITY_SECRET, CLIENT_CA_SECRET, CLIENT_TLS_SECRET, SERVER_TLS_SECRET};
use jiff::Timestamp;
use kube_session::Workload;

use crate::certificate::Certificate;
use crate::examine::{Examined, Part};
use crate::report::{BundleReport, Ca, CertificateReport, Report};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Shows what was found. `now` is in seconds since 1970.
pub fn show(report: &mut Report, examined: &Examined, workload: &Workload, folder: String, now: i64) {
    let key_kept = examined.can_issue();
    let kept = examined.authority.certificate.clone();
    let trusted = || {
        Certificate::read_all(examined.trust.as_ref()?)?
            .into_iter()
            .next()
    };
    let ca = if key_kept { kept } else { trusted().or(kept) };
    report.ca = ca.map(|ca| Ca {
        not_after: rfc_3339(ca.not_after),
        fingerprint_sha256: ca.fingerprint_sha256(),
        subject: ca.subject,
        key_kept,
    });
    report.certificates = [
        (AUTHORITY_SECRET, &examined.authority),
        (SERVER_TLS_SECRET, &examined.server),
        (CLIENT_CA_SECRET, &examined.client_ca),
        (CLIENT_TLS_SECRET, &examined.client),
    ]
    .map(|(secret, part)| certificate(secret, part, now))
    .into();
    report.ca_change = Some(examined.phase);
    report.restart_required = Vec::new();
    if examined.restart_needed {
        report.restart_required.push(workload.to_string());
    }
    let changed = report.bundle.as_ref().is_some_and(|bundle| bundle.changed);
    report.bundle = Some(BundleReport {
        folder,
        changed,
        findings: examined.bundle.clone(),
    });
}

fn certificate(secret: &str, part: &Part, now: i64) -> CertificateReport {
    let found = part.certificate.as_ref();
    let time = |pick: fn(&Certificate) -> i64| rfc_3339(pick(found?));
    CertificateReport {
        secret: secret.to_owned(),
        subject: found.map(|certificate| certificate.subject.clone()),
        sans: found
            .map(|certificate| certificate.sans.iter().cloned().collect())
            .unwrap_or_default(),
        not_before: time(|certificate| certificate.not_before),
        not_after: time(|certificate| certificate.not_after),
        days_left: found.map(|certificate| (certificate.not_after - now).div_euclid(DAY)),
        fingerprint_sha256: found.map(Certificate::fingerprint_sha256),
        findings: part.findings().into_iter().collect(),
    }
}

/// `None` where the year has more than four digits.
fn rfc_3339(seconds: i64) -> Option<String> {
    Timestamp::from_second(seconds).ok().map(|time| time.to_string())
}
