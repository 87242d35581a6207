//! The gateway's helm release: whose it is, and what is to be done with it.
//!
//! Helm keeps each revision in a Secret with the labels `owner=helm`, `name`, `version` and `status`. This image adds two
//! labels to revisions of its own. Helm copies labels to the next revision, whoever makes it, so one of them is the revision's
//! number: where it differs, somebody else has deployed since.

use std::collections::BTreeMap;

use anyhow::Context;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, ListParams, Preconditions};
use kube::{Api, Client};

/// Label with the hash of chart and values.
pub const HASH_LABEL: &str = "dev.openshell.chart";
/// Label with the number of the revision that this image made.
pub const REVISION_LABEL: &str = "dev.openshell.revision";

/// The last revision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// Its number, from 1.
    pub revision: u64,
    /// Helm's word: `deployed`, `failed`, `pending-install`, `pending-upgrade` and others.
    pub status: String,
    /// The hash of chart and values, where this image made it.
    pub hash: Option<String>,
    secret: Option<(String, Option<String>)>,
}

/// What to do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// There is none.
    Install,
    /// It is ours, and chart or values differ, or it failed.
    Upgrade,
    /// It is ours, and helm was killed while it made it: helm refuses to go on before it is forgotten.
    Forget,
    /// It is as it should be, or somebody else's.
    Keep,
}

/// Decides from the last revision and the hash of what this image would deploy.
pub fn decide(release: Option<&Release>, hash: &str) -> Decision {
    let Some(release) = release else {
        return Decision::Install;
    };
    match &release.hash {
        None => Decision::Keep,
        Some(_) if release.status.starts_with("pending-") => Decision::Forget,
        Some(deployed) if deployed != hash || release.status == "failed" => Decision::Upgrade,
        Some(_) => Decision::Keep,
    }
}

fn read(labels: &BTreeMap<String, String>) -> Option<Release> {
    let revision = labels.get("version")?.parse().ok()?;
    let is_ours = labels.get(REVISION_LABEL) == labels.get("version");
    let hash = labels.get(HASH_LABEL).filter(|_| is_ours).cloned();
    Some(Release {
        revision,
        status: labels.get("status").cloned().unwrap_or_default(),
        hash,
        secret: None,
    })
}

/// The last revision; `None` where no release exists.
pub async fn last(client: &Client) -> Result<Option<Release>, kube::Error> {
    let selection = ListParams::default().labels(&format!("owner=helm,name={}", gateway_names::WORKLOAD));
    let list = secrets(client).list_metadata(&selection).await?;
    let releases = list.items.into_iter().filter_map(|secret| {
        let found = read(secret.metadata.labels.as_ref()?)?;
        Some(Release {
            secret: secret.metadata.name.map(|name| (name, secret.metadata.uid)),
            ..found
        })
    });
    Ok(releases.max_by_key(|release| release.revision))
}

/// Deletes the record of a revision that helm did not finish. What it had deployed stays, and is taken over by the next one.
pub async fn forget(client: &Client, release: &Release) -> anyhow::Result<()> {
    let (name, uid) = release.secret.clone().context("a release without a Secret")?;
    let same = DeleteParams::default().preconditions(Preconditions {
        uid,
        resource_version: None,
    });
    secrets(client)
        .delete(&name, &same)
        .await
        .with_context(|| format!("deleting Secret {name}"))?;
    Ok(())
}

fn secrets(client: &Client) -> Api<Secret> {
    Api::namespaced(client.clone(), gateway_names::NAMESPACE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(words: &[(&str, &str)]) -> BTreeMap<String, String> {
        words
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_revision_is_ours_only_under_its_own_number() {
        let ours = labels(&[
            ("version", "2"),
            ("status", "deployed"),
            (REVISION_LABEL, "2"),
            (HASH_LABEL, "a"),
        ]);
        assert_eq!(read(&ours).unwrap().hash.as_deref(), Some("a"));
        let inherited = labels(&[
            ("version", "3"),
            ("status", "deployed"),
            (REVISION_LABEL, "2"),
            (HASH_LABEL, "a"),
        ]);
        assert_eq!(read(&inherited).unwrap().hash, None);
        let foreign = labels(&[("version", "1"), ("status", "deployed")]);
        assert_eq!(read(&foreign).unwrap().hash, None);
        assert_eq!(read(&foreign).unwrap().revision, 1);
    }

    #[test]
    fn only_what_is_ours_is_touched() {
        let release = |status: &str, hash: Option<&str>| {
            Some(Release {
                revision: 1,
                status: status.to_owned(),
                hash: hash.map(str::to_owned),
                secret: None,
            })
        };
        for (release, expected) in [
            (None, Decision::Install),
            (release("deployed", Some("a")), Decision::Keep),
            (release("deployed", Some("b")), Decision::Upgrade),
            (release("failed", Some("a")), Decision::Upgrade),
            (release("pending-install", Some("a")), Decision::Forget),
            (release("pending-upgrade", Some("b")), Decision::Forget),
            (release("deployed", None), Decision::Keep),
            (release("failed", None), Decision::Keep),
            (release("pending-install", None), Decision::Keep),
        ] {
            assert_eq!(decide(release.as_ref(), "a"), expected, "{release:?}");
        }
    }
}
