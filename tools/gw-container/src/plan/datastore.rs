//! May this image open this volume? An image with another datastore finds the volume empty; an older Kubernetes breaks what
//! a newer one wrote.

use contract::Failure;
use gateway_names::KubernetesVersion;
use serde::{Deserialize, Serialize};

use crate::reasons::{VOLUME_IMAGE_MISMATCH, VOLUME_TOO_OLD};

/// Where a cluster keeps its objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Datastore {
    /// k3s's SQLite, through kine.
    K3sSqlite,
    /// k3s's own etcd.
    K3sEtcd,
    /// The etcd of this project's image.
    OpenshellEtcd,
}

impl Datastore {
    /// All of them, with their paths below the volume.
    pub const ALL: [(Self, &'static str); 3] = [
        (Self::K3sSqlite, "server/db/state.db"),
        (Self::K3sEtcd, "server/db/etcd"),
        (Self::OpenshellEtcd, "server/db/openshell-etcd"),
    ];

    fn words(self) -> &'static str {
        match self {
            Self::K3sSqlite => "k3s's SQLite",
            Self::K3sEtcd => "k3s's etcd",
            Self::OpenshellEtcd => "the etcd of this project's image",
        }
    }
}

/// What is on a volume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The datastores that are there.
    pub datastores: Vec<Datastore>,
    /// The version that last wrote them, where that is known.
    pub version: Option<KubernetesVersion>,
    /// The datastore that was used last, where our tools wrote that down.
    pub last: Option<Datastore>,
}

/// Which datastores an image opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// This project's image.
    Openshell,
    /// k3s.
    K3s,
    /// Nothing says it.
    Unknown,
}

/// What an image brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brings {
    /// Which datastores it opens.
    pub kind: Kind,
    /// The version of its Kubernetes, where that is known.
    pub version: Option<KubernetesVersion>,
}

/// `volume_image_mismatch` or `volume_too_old` (78) if the image may not open the volume.
pub fn check(volume: &str, written: &Written, image: &str, brings: Brings) -> Result<(), Failure> {
    let Some(used) = written.last.or(written.datastores.first().copied()) else {
        return Ok(());
    };
    let opens = match brings.kind {
        Kind::Openshell => written.last_is(Datastore::OpenshellEtcd),
        Kind::K3s => written.last_is(Datastore::K3sSqlite) || written.last_is(Datastore::K3sEtcd),
        Kind::Unknown => {
            return Err(mismatch(format!(
                "volume {volume} holds {}, and nothing says what the image {image} opens",
                used.words()
            )));
        }
    };
    if !opens {
        let (names, last) = (
            written.names(),
            if written.last.is_some() {
                ", the last used"
            } else {
                ""
            },
        );
        return Err(mismatch(format!(
            "volume {volume} holds {names}{last}, which the image {image} does not open: its sandboxes would seem gone"
        )));
    }
    if let (Kind::Openshell, Some(wrote), Some(own)) = (brings.kind, written.version, brings.version)
        && own.skips_from(wrote)
    {
        return Err(too_old(volume, wrote, image, own));
    }
    // k3s promises nothing for any step back.
    let is_older = |own: KubernetesVersion, wrote| match brings.kind {
        Kind::Openshell => own.is_before(wrote),
        Kind::K3s | Kind::Unknown => own < wrote,
    };
    match (written.version, brings.version) {
        (Some(wrote), Some(own)) if is_older(own, wrote) => Err(mismatch(format!(
            "volume {volume} was last written by Kubernetes {wrote}, and the image {image} is the older {own}"
        ))),
        (Some(wrote), None) if brings.kind == Kind::K3s => Err(mismatch(format!(
            "volume {volume} was last written by Kubernetes {wrote}, and the image {image} does not say its version"
        ))),
        _ => Ok(()),
    }
}

impl Written {
    /// Of several datastores only the one that was used last counts; where nobody wrote that down, none does.
    fn last_is(&self, wanted: Datastore) -> bool {
        match self.last {
            Some(last) => last == wanted,
            None => {
                let is_k3s = |datastore: &Datastore| *datastore != Datastore::OpenshellEtcd;
                let one_kind = self.datastores.iter().all(is_k3s) || !self.datastores.iter().any(is_k3s);
                one_kind && self.datastores.contains(&wanted)
            }
        }
    }

    fn names(&self) -> String {
        match self.last {
            Some(last) => last.words().to_owned(),
            None => self
                .datastores
                .iter()
                .map(|it| it.words())
                .collect::<Vec<_>>()
                .join(" and "),
        }
    }
}

fn mismatch(message: String) -> Failure {
    VOLUME_IMAGE_MISMATCH.failure(
        message,
        "name the image that the gateway ran on, or a newer one of that kind: --image IMAGE",
    )
}

fn too_old(volume: &str, wrote: KubernetesVersion, image: &str, own: KubernetesVersion) -> Failure {
    VOLUME_TOO_OLD.failure(format!(
            "volume {volume} was last written by Kubernetes {wrote}, and the image {image} has {own}: data is opened by the same minor \
             version or the next one"
        ),
        "copy the data out, which starts nothing: gw-backup create FILE, then tar -I zstd -xf FILE volume/storage; or name the image \
         that wrote it: --image IMAGE",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_of_ours_opens_its_own_minor_version_and_the_one_before() {
        for (wrote, fits) in [
            ("v1.20.2", false),
            ("v1.33.9", false),
            ("v1.34.0", true),
            ("v1.35.9", true),
            ("v1.35.10", true),
            ("", true),
        ] {
            let written = Written {
                datastores: vec![Datastore::OpenshellEtcd],
                version: KubernetesVersion::parse(wrote),
                last: None,
            };
            let brings = Brings {
                kind: Kind::Openshell,
                version: KubernetesVersion::parse("v1.35.9"),
            };
            let answer = check("v", &written, "i", brings);
            assert_eq!(answer.is_ok(), fits, "{wrote}: {answer:?}");
            assert!(answer.map_or_else(|failure| failure.reason == "volume_too_old", |()| true));
        }
    }

    #[test]
    fn a_volume_is_opened_only_by_an_image_that_fits() {
        use Datastore::{K3sEtcd, K3sSqlite, OpenshellEtcd};
        let version = |text: &str| KubernetesVersion::parse(text);
        let written = |datastores: &[Datastore], wrote: &str, last| Written {
            datastores: datastores.to_vec(),
            version: version(wrote),
            last,
        };
        for (case, written, kind, brings, fits) in [
            ("new volume", written(&[], "", None), Kind::Unknown, "", true),
            (
                "ours",
                written(&[OpenshellEtcd], "", None),
                Kind::Openshell,
                "",
                true,
            ),
            (
                "ours by k3s",
                written(&[OpenshellEtcd], "", None),
                Kind::K3s,
                "v1.30.0+k3s1",
                false,
            ),
            (
                "SQLite by ours",
                written(&[K3sSqlite], "", None),
                Kind::Openshell,
                "",
                false,
            ),
            (
                "etcd by ours",
                written(&[K3sEtcd], "", None),
                Kind::Openshell,
                "",
                false,
            ),
            (
                "unknown image",
                written(&[K3sSqlite], "", None),
                Kind::Unknown,
                "",
                false,
            ),
            (
                "same",
                written(&[K3sSqlite], "v1.30.0+k3s1", None),
                Kind::K3s,
                "v1.30.0+k3s1",
                true,
            ),
            (
                "newer",
                written(&[K3sEtcd], "v1.30.0+k3s1", None),
                Kind::K3s,
                "v1.31.0+k3s1",
                true,
            ),
            (
                "older",
                written(&[K3sSqlite], "v1.30.1+k3s1", None),
                Kind::K3s,
                "v1.30.0+k3s9",
                false,
            ),
            (
                "unsaid",
                written(&[K3sSqlite], "v1.30.1+k3s1", None),
                Kind::K3s,
                "",
                false,
            ),
            (
                "both of k3s",
                written(&[K3sSqlite, K3sEtcd], "", None),
                Kind::K3s,
                "v1.30.0+k3s1",
                true,
            ),
            (
                "both kinds",
                written(&[K3sSqlite, OpenshellEtcd], "", None),
                Kind::K3s,
                "v1.30.0+k3s1",
                false,
            ),
            (
                "both kinds",
                written(&[K3sSqlite, OpenshellEtcd], "", None),
                Kind::Openshell,
                "",
                false,
            ),
            (
                "last ours",
                written(&[K3sSqlite, OpenshellEtcd], "", Some(OpenshellEtcd)),
                Kind::Openshell,
                "",
                true,
            ),
            (
                "last ours",
                written(&[K3sSqlite, OpenshellEtcd], "", Some(OpenshellEtcd)),
                Kind::K3s,
                "v1.9.0+k3s1",
                false,
            ),
            (
                "older of ours",
                written(&[OpenshellEtcd], "v1.21.0", None),
                Kind::Openshell,
                "v1.20.2",
                false,
            ),
        ] {
            let brings = Brings {
                kind,
                version: version(brings),
            };
            let answer = check("v", &written, "i", brings);
            assert_eq!(answer.is_ok(), fits, "{case}: {answer:?}");
            if let Err(failure) = answer {
                assert_eq!(
                    (failure.reason, failure.exit.code()),
                    ("volume_image_mismatch", 78)
                );
                assert!(failure.hint.contains("--image"));
            }
        }
    }
}
