//! Does what was planned.

use std::collections::BTreeSet;

use client_files::GatewayFolder;
use contract::{Exit, Failure};
use kube_session::{HeldSecret, Session, Written};
use zeroize::Zeroizing;

use crate::authority::AUTHORITY_SECRET;
use crate::certificate::Purpose;
use crate::examine::{Examined, Observed};
use crate::issue;
use crate::plan::Step;

/// What a step needs beside itself.
pub struct Workplace<'a> {
    /// The cluster.
    pub session: &'a Session,
    /// The client's folder.
    pub folder: &'a GatewayFolder,
    /// What there was.
    pub observed: &'a Observed,
    /// What was found.
    pub examined: &'a Examined,
    /// The names that the server's certificate must carry.
    pub wanted: &'a BTreeSet<String>,
    /// Seconds since 1970.
    pub now: i64,
}

impl Workplace<'_> {
    /// Does one step. [`Written::Overtaken`] where somebody else was faster: observe and plan again.
    pub async fn carry_out(&self, step: Step) -> Result<Written, Failure> {
        match step {
            Step::CreateAuthority => {
                let ca = issue::authority(self.now).map_err(issue_failed)?;
                let values = [("ca.crt", ca.certificate.as_bytes()), ("ca.key", ca.key.as_bytes())];
                self.session.create_secret(AUTHORITY_SECRET, "Opaque", &values).await
            }
            Step::WriteClientCa => self.write(step, &self.observed.client_ca, &[("ca.crt", self.trust())]).await,
            Step::IssueServer => {
                // Names that the certificate carries already may be in use: they stay.
                let carried = self.examined.server.certificate.as_ref().map(|found| &found.sans);
                let sans = self.wanted.union(carried.unwrap_or(&BTreeSet::new())).cloned().collect();
                let leaf = self.issue(Purpose::Server, &sans)?;
                let values = [("tls.crt", leaf.certificate.as_bytes()), ("tls.key", leaf.key.as_bytes())];
                self.write(step, &self.observed.server, &values).await
            }
            Step::IssueClient => {
                let leaf = self.issue(Purpose::Client, &BTreeSet::new())?;
                let values = [
                    ("tls.crt", leaf.certificate.as_bytes()),
                    ("tls.key", leaf.key.as_bytes()),
                    ("ca.crt", self.client_trust()),
                ];
                self.write(step, &self.observed.client, &values).await
            }
            Step::WriteClientTrust => self.write(step, &self.observed.client, &[("ca.crt", self.trust())]).await,
            Step::WriteBundle => {
                let value = |key| self.observed.client.as_ref().and_then(|secret| secret.value(key));
                let [ca, certificate, key] = ["ca.crt", "tls.crt", "tls.key"].map(|key| value(key).unwrap_or_default());
                self.folder.write_bundle(ca, certificate, key)?;
                Ok(Written::Done)
            }
        }
    }

    async fn write(
        &self,
        step: Step,
        present: &Option<HeldSecret>,
        values: &[(&str, &[u8])],
    ) -> Result<Written, Failure> {
        let secret_type = if step == Step::IssueServer { "kubernetes.io/tls" } else { "Opaque" };
        match (present, step.secret()) {
            (Some(present), _) => self.session.replace_secret(present, values).await,
            (None, name) => self.session.create_secret(name.unwrap_or_default(), secret_type, values).await,
        }
    }

    fn trust(&self) -> &[u8] {
        self.examined.trust.as_deref().unwrap_or_default()
    }

    /// What clients trust stays where nothing is wrong with it.
    fn client_trust(&self) -> &[u8] {
        let present = self.observed.client.as_ref().and_then(|secret| secret.value("ca.crt"));
        present.filter(|_| self.examined.client.trust.is_empty()).unwrap_or_else(|| self.trust())
    }

    fn issue(&self, purpose: Purpose, sans: &BTreeSet<String>) -> Result<issue::Issued, Failure> {
        let authority = self.observed.authority.as_ref();
        let value = |key| {
            let bytes = authority.and_then(|secret| secret.value(key)).unwrap_or_default();
            Zeroizing::new(String::from_utf8_lossy(bytes).into_owned())
        };
        issue::leaf((&value("ca.crt"), &value("ca.key")), purpose, sans, self.now).map_err(issue_failed)
    }
}

fn issue_failed(cause: rcgen::Error) -> Failure {
    Failure::new(
        Exit::Failed,
        "issue_failed",
        format!("a certificate could not be made: {cause}"),
        format!("look at Secret {AUTHORITY_SECRET}: its key must be PKCS#8, and names given by --san must be host names or addresses"),
    )
}
