//! What is kept of the cluster that a gateway is on: `cluster.json` in the gateway's folder.

use std::path::PathBuf;

use client_files::GatewayFolder;
use contract::{CommonFlags, Failure};
use kube_session::Cluster;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::read;

/// The file's name in the gateway's folder.
pub const FILE: &str = "cluster.json";
/// The port of this machine that leads to the server if nothing of the cluster does and nothing else was kept.
pub const FORWARD_PORT: u16 = 8080;

/// The file. Members and their order are those of the first versions, whose driver wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceFile {
    /// The real path of the kubeconfig.
    pub kubeconfig: PathBuf,
    /// Its context.
    pub context: String,
    /// The namespace's uid: a gateway is tied to it. `None` if that was not known yet.
    pub namespace_uid: Option<String>,
    /// The namespace.
    pub namespace: String,
    /// Where clients reach the server, if somebody said so; else it is found in the cluster.
    pub endpoint: Option<String>,
    /// See [`FORWARD_PORT`].
    #[serde(default = "forward_port")]
    pub forward_port: u16,
    /// Settings of the server.
    #[serde(default)]
    pub spec: ServerSpec,
}

fn forward_port() -> u16 {
    FORWARD_PORT
}

/// Settings of a server on a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ServerSpec {
    /// Has the gateway's port no TLS?
    pub plaintext: bool,
    /// Does the gateway not authenticate its clients?
    pub disable_gateway_auth: bool,
    /// Further names and addresses for the certificates.
    pub tls_sans: Vec<String>,
}

impl PlaceFile {
    /// What is kept; `None` for a gateway that is on no cluster of its user's.
    ///
    /// # Errors
    /// `cluster_file_invalid` (78) if the file cannot be read.
    pub fn read(folder: &GatewayFolder) -> Result<Option<Self>, Failure> {
        read(folder, FILE)
    }

    /// Keeps it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, folder: &GatewayFolder) -> Result<(), Failure> {
        let mut text = serde_json::to_vec(self).expect("plain data");
        text.push(b'\n');
        folder.write_private(FILE, &text).map(drop)
    }

    /// Cluster and namespace.
    pub fn cluster(&self) -> Cluster {
        Cluster {
            kubeconfig: Some(self.kubeconfig.clone()),
            context: Some(self.context.clone()),
            namespace: self.namespace.clone(),
        }
    }
}

/// Cluster and namespace that flags name, over what is kept. Another kubeconfig has other contexts.
pub fn named_over(kept: Option<Cluster>, flags: &CommonFlags) -> Cluster {
    let mut cluster = kept.unwrap_or_else(|| Cluster {
        kubeconfig: None,
        context: None,
        namespace: flags.namespace().to_owned(),
    });
    if let Some(namespace) = &flags.namespace {
        cluster.namespace.clone_from(namespace);
    }
    if flags.kubeconfig.is_some() {
        cluster.kubeconfig.clone_from(&flags.kubeconfig);
        cluster.context.clone_from(&flags.context);
    } else if flags.context.is_some() {
        cluster.context.clone_from(&flags.context);
    }
    cluster
}

#[cfg(test)]
mod tests {
    use super::*;
    use client_files::ClientFiles;

    /// As the driver wrote it.
    const WRITTEN: &str = r#"{"kubeconfig":"/k","context":"c","namespace_uid":"u","namespace":"team","endpoint":null,"forward_port":9000,"spec":{"plaintext":true,"disable_gateway_auth":false}}"#;

    fn folder() -> (tempfile::TempDir, GatewayFolder) {
        let home = tempfile::tempdir().unwrap();
        let folder = ClientFiles::in_folder(home.path()).gateway(&"g".parse().unwrap());
        (home, folder)
    }

    #[test]
    fn what_the_driver_wrote_is_read_and_what_is_written_is_what_it_reads() {
        let (_home, folder) = folder();
        assert_eq!(PlaceFile::read(&folder).unwrap(), None);
        folder.write_private(FILE, WRITTEN.as_bytes()).unwrap();
        let kept = PlaceFile::read(&folder).unwrap().unwrap();
        assert_eq!(
            (kept.forward_port, kept.spec.plaintext, &kept.spec.tls_sans),
            (9000, true, &vec![])
        );
        assert_eq!(
            (kept.namespace.as_str(), kept.endpoint.as_deref()),
            ("team", None)
        );

        kept.write(&folder).unwrap();
        assert_eq!(PlaceFile::read(&folder).unwrap().unwrap(), kept);
        let text = String::from_utf8(folder.read_private(FILE).unwrap().unwrap()).unwrap();
        let with_names = WRITTEN.replace(r#"auth":false}"#, r#"auth":false,"tls_sans":[]}"#);
        assert_eq!(text, with_names + "\n");
    }

    #[test]
    fn a_broken_file_is_no_absence() {
        let (_home, folder) = folder();
        for broken in ["{", "{}", "[]"] {
            folder.write_private(FILE, broken.as_bytes()).unwrap();
            let failure = PlaceFile::read(&folder).unwrap_err();
            assert_eq!(
                (failure.reason, failure.exit.code()),
                ("cluster_file_invalid", 78)
            );
        }
    }

    #[test]
    fn flags_come_before_what_is_kept() {
        let kept: PlaceFile = serde_json::from_str(WRITTEN).unwrap();
        let of = |flags: &CommonFlags, kept: Option<&PlaceFile>| {
            let cluster = named_over(kept.map(PlaceFile::cluster), flags);
            let file = cluster.kubeconfig.map(|file| file.display().to_string());
            (
                file.unwrap_or_default(),
                cluster.context.unwrap_or_default(),
                cluster.namespace,
            )
        };
        let text = |one: &str, two: &str, three: &str| (one.to_owned(), two.to_owned(), three.to_owned());
        let none = CommonFlags::default();
        assert_eq!(of(&none, Some(&kept)), text("/k", "c", "team"));
        assert_eq!(of(&none, None), text("", "", "openshell"));
        let context = CommonFlags {
            context: Some("x".to_owned()),
            ..CommonFlags::default()
        };
        assert_eq!(of(&context, Some(&kept)), text("/k", "x", "team"));
        let file = CommonFlags {
            kubeconfig: Some("/other".into()),
            namespace: Some("n".to_owned()),
            ..CommonFlags::default()
        };
        assert_eq!(of(&file, Some(&kept)), text("/other", "", "n"));
    }
}
