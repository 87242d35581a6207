//! Does what was planned.

use client_files::GatewayFolder;
use contract::Failure;
use kube_session::{Session, Written};

use crate::authority::AUTHORITY_SECRET;
use crate::content::Material;
use crate::reasons::ISSUE_FAILED;
use crate::step::Step;

/// Where steps are done, and from what.
pub struct Workplace<'a> {
    /// The cluster.
    pub session: &'a Session,
    /// The client's folder.
    pub folder: &'a GatewayFolder,
    /// What the steps' content is made from.
    pub material: Material<'a>,
}

impl Workplace<'_> {
    /// Does one step. [`Written::Overtaken`] where somebody else was faster: observe and plan again.
    pub async fn carry_out(&self, step: Step) -> Result<Written, Failure> {
        let values = self.material.values(step).map_err(issue_failed)?;
        if step == Step::WriteBundle {
            let [(_, ca), (_, certificate), (_, key)] = &values[..] else {
                unreachable!("a bundle has three files");
            };
            self.folder.write_bundle(ca, certificate, key)?;
            return Ok(Written::Done);
        }
        let values: Vec<(&str, &[u8])> = values
            .iter()
            .map(|(key, value)| (*key, value.as_slice()))
            .collect();
        match (self.material.observed.secret(step), step.secret()) {
            (Some(present), _) => self.session.replace_secret(present, &values).await,
            (None, name) => {
                self.session
                    .create_secret(name.unwrap_or_default(), step.secret_type(), &values)
                    .await
            }
        }
    }
}

/// A certificate could not be made.
pub fn issue_failed(cause: rcgen::Error) -> Failure {
    ISSUE_FAILED.failure(format!("a certificate could not be made: {cause}"),
        format!(
            "look at Secret {AUTHORITY_SECRET}: its key must be PKCS#8; names given by --san must be host names or addresses"
        ),
    )
}
