//! What is kept of the cluster that a gateway is on: `cluster.json` in the gateway's folder.

use std::path::PathBuf;

use client_files::GatewayFolder;
use contract::{Context, Failure, quoted};
use gw_release::report::{PlaceField, Report, Spec};
use kube_session::Cluster;
use serde::{Deserialize, Serialize};

use crate::reasons::CLUSTER_FILE_INVALID;

/// The file's name in the gateway's folder.
pub const FILE: &str = "cluster.json";
/// The port of this machine that leads to the server if nothing of the cluster does.
pub const FORWARD_PORT: u16 = 8080;

/// The file. Members and their order are those of the driver, which wrote it before this tool did.
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
    pub spec: Spec,
}

fn forward_port() -> u16 {
    FORWARD_PORT
}

impl PlaceFile {
    /// What is kept; `None` for a gateway that is on no cluster of its user's.
    ///
    /// # Errors
    /// `cluster_file_invalid` (78) if the file cannot be read.
    pub fn read(folder: &GatewayFolder) -> Result<Option<Self>, Failure> {
        let Some(text) = folder.read_private(FILE)? else {
            return Ok(None);
        };
        serde_json::from_slice(&text).map(Some).map_err(|error| {
            let file = folder.path().join(FILE);
            CLUSTER_FILE_INVALID.failure(
                format!("{} cannot be read: {error}", file.display()),
                format!("correct it: {}", file.display()),
            )
        })
    }

    /// Keeps it.
    pub fn write(&self, folder: &GatewayFolder) -> Result<(), Failure> {
        let mut text = serde_json::to_vec(self).expect("plain data");
        text.push(b'\n');
        folder.write_private(FILE, &text).map(drop)
    }

    /// Says it in the report. `is_own`: was the namespace made for the gateway?
    pub fn show(&self, is_own: Option<bool>, context: &Context<Report>) {
        let kubeconfig = self.kubeconfig.display().to_string();
        let kubectl = format!(
            "kubectl --kubeconfig {} --context {}",
            quoted(&kubeconfig),
            quoted(&self.context)
        );
        context.report.update(|report| {
            report.namespace = Some(self.namespace.clone());
            report.place = Some(PlaceField {
                kubeconfig,
                context: self.context.clone(),
                namespace: self.namespace.clone(),
                namespace_uid: self.namespace_uid.clone(),
                owns_namespace: is_own,
                endpoint: self.endpoint.clone(),
                forward_port: self.forward_port,
                spec: self.spec.clone(),
                kubectl,
            });
        });
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

#[cfg(test)]
mod tests {
    use client_files::ClientFiles;

    use super::*;

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
}
