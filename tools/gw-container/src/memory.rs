//! What our tools write on the volume itself, so that it outlives container and client files: the specification, and what
//! opened the volume last.

use contract::Failure;
use docker_session::DockerSession;
use gateway_facts::Spec;
use gateway_names::VOLUME_PATH;
use serde::{Deserialize, Serialize};

use crate::plan::datastore::{Brings, Datastore, Kind};

/// The file, below the volume.
pub const FILE: &str = "openshell-gateway.json";

/// The file's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// The specification.
    pub spec: Spec,
    /// The datastore that the last image uses.
    pub datastore: Option<Datastore>,
    /// The version of the last image's Kubernetes.
    pub kubernetes: Option<String>,
}

impl Memory {
    /// Of a container that is about to be started.
    pub fn of(spec: &Spec, brings: Option<Brings>, former: Option<Datastore>) -> Self {
        Self {
            spec: spec.clone(),
            datastore: match brings.map(|brings| brings.kind) {
                Some(Kind::Openshell) => Some(Datastore::OpenshellEtcd),
                // Which of its two k3s uses is on the volume.
                _ => former.filter(|it| *it != Datastore::OpenshellEtcd),
            },
            kubernetes: brings
                .and_then(|brings| brings.version)
                .map(|version| version.to_string()),
        }
    }

    /// Reads it through a container; `None` where there is none, or one that is not understood.
    pub async fn read(session: &DockerSession, container: &str) -> Result<Option<Self>, Failure> {
        let text = container_files::file(session, container, &format!("{VOLUME_PATH}/{FILE}")).await?;
        Ok(text.and_then(|text| serde_json::from_slice(&text).ok()))
    }

    /// Writes it through a container.
    pub async fn write(&self, session: &DockerSession, container: &str) -> Result<(), Failure> {
        let content = serde_json::to_vec(self).expect("plain data");
        container_files::put(session, container, VOLUME_PATH, FILE, 0o600, &content).await
    }
}

#[cfg(test)]
mod tests {
    use super::Memory;

    #[test]
    fn what_an_earlier_version_wrote_is_read_and_written_as_it_was() {
        let written = include_bytes!("../tests/written/openshell-gateway.json");
        let memory: Memory = serde_json::from_slice(written).unwrap();
        assert_eq!(memory.spec.tls_sans, ["san.example"]);
        assert_eq!((memory.datastore, &memory.kubernetes), (None, &None));
        assert_eq!(serde_json::to_vec(&memory).unwrap(), written);
    }
}
