//! What there is: helm's last revision.

use contract::Failure;
use gw_release::report::LastRevision;
use helm_revision::Revision;
use k8s_openapi::api::core::v1::Secret;
use kube::api::ListParams;
use kube_session::Session;

use crate::reasons::RELEASE_INVALID;

/// A revision, and how it was described.
#[derive(Clone, Debug)]
pub struct Observed {
    /// From the labels.
    pub revision: Revision,
    /// `openshell FINGERPRINT` where a gateway's tools made it.
    pub description: String,
    /// The objects that it deployed, as YAML.
    pub manifest: String,
}

impl Observed {
    /// As the report has it.
    pub fn shown(&self) -> LastRevision {
        LastRevision {
            revision: self.revision.number,
            status: self.revision.status.clone(),
            of_node: self.revision.is_of_node,
        }
    }
}

/// All revisions that helm has, the last one first.
pub async fn revisions(session: &Session) -> Result<Vec<Observed>, Failure> {
    let selection = ListParams::default().labels(&helm_revision::selector());
    let secrets = session.list(&session.namespaced::<Secret>(), &selection).await?;
    let mut found = Vec::new();
    for mut secret in secrets {
        let Some(revision) = Revision::of(&secret.metadata) else {
            continue;
        };
        let packed = secret.data.as_mut().and_then(|data| data.remove("release"));
        let record = helm_revision::Record::read(&packed.unwrap_or_default().0);
        let record = record.map_err(|why| unreadable(&revision, &session.namespace, &why))?;
        found.push(Observed {
            revision,
            description: record.description,
            manifest: record.manifest,
        });
    }
    found.sort_by_key(|one| std::cmp::Reverse(one.revision.number));
    Ok(found)
}

fn unreadable(revision: &Revision, namespace: &str, why: &str) -> Failure {
    let name = &revision.secret;
    RELEASE_INVALID.failure(
        format!(
            "helm's record of revision {} in Secret {name} cannot be read: {why}",
            revision.number
        ),
        format!("helm history openshell --namespace {namespace}"),
    )
}
