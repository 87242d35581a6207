//! The k3s node password of the node that is kept. k3s makes it in the container, keeps its hash in a Secret of the cluster, and
//! refuses a node of the same name that comes with another one: a container that is new is not let in before that Secret is gone.
//! k3s makes the Secret after the container, and never changes it: one that is older than the container is a former one's.

use contract::Failure;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube_session::{Session, Trouble};

use crate::flags::Flags;

/// The namespace of k3s's Secrets with the hashes of node passwords.
pub const PASSWORD_NAMESPACE: &str = "kube-system";
/// The end of their names.
const ENDING: &str = ".node-password.k3s";

/// A Secret with the hash of a node's password, without the hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePassword {
    /// Its name.
    pub name: String,
    /// Only this very Secret.
    pub uid: String,
    /// When it was created.
    pub created: Option<Timestamp>,
}

/// The name of the Secret of a node.
pub fn name_of(node: &str) -> String {
    format!("{node}{ENDING}")
}

/// Is this the name of such a Secret?
pub fn is_one(name: &str) -> bool {
    name.ends_with(ENDING)
}

/// The Secret of --keep's node, where its container is newer.
pub async fn of_former_container(session: &Session, flags: &Flags) -> Result<Option<NodePassword>, Failure> {
    let (Some(created), Some(node)) = (flags.container_created, &flags.keep) else {
        return Ok(None);
    };
    let found = look(session, &name_of(node)).await?;
    Ok(found.filter(|password| password.created.is_some_and(|before| before < created)))
}

/// The Secret of this name. The hash stays with the API server.
pub async fn look(session: &Session, name: &str) -> Result<Option<NodePassword>, Failure> {
    let secrets = secrets(session);
    let what = format!("the API server to return Secret {name}");
    let absent = |trouble| (trouble == Trouble::Absent).then_some(());
    let answer = session
        .request(&what, name, || secrets.get_metadata(name), absent)
        .await?;
    Ok(answer.ok().map(|found| NodePassword {
        name: name.to_owned(),
        uid: found.metadata.uid.unwrap_or_default(),
        created: found.metadata.creation_timestamp.map(|time| time.0),
    }))
}

/// The Secrets of that namespace.
pub fn secrets(session: &Session) -> Api<Secret> {
    Api::namespaced(session.client.clone(), PASSWORD_NAMESPACE)
}
