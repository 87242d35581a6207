//! Does what was planned.

pub mod content;
pub mod issue;
mod simulate;

use client_files::GatewayFolder;
use contract::Failure;
use gateway_names::AUTHORITY_SECRET;
use kube_session::{Session, Written};

use crate::plan::step::Step;
use crate::reasons::ISSUE_FAILED;
use content::Material;

/// What does steps: where, and from what.
pub struct Actor<'a> {
    /// The cluster.
    pub session: &'a Session,
    /// The client's folder.
    pub folder: &'a GatewayFolder,
    /// What the steps' content is made from.
    pub material: Material<'a>,
}

impl Actor<'_> {
    /// Does one step. [`Written::Overtaken`] where somebody else was faster: observe and plan again.
    pub async fn act(&self, step: Step) -> Result<Written, Failure> {
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
        match (step.observed(self.material.observed), step.secret()) {
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
