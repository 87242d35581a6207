//! Deletes an object of the cluster.

use contract::Failure;
use kube::Api;
use kube::api::{DeleteParams, Preconditions};
use kube_session::{Session, Trouble};
use serde::de::DeserializeOwned;

/// Deletes the object with this uid alone.
pub fn only(uid: &str) -> DeleteParams {
    DeleteParams::default().preconditions(Preconditions {
        uid: Some(uid.to_owned()),
        resource_version: None,
    })
}

/// Deletes an object. False where it is absent, or where another one has its name by now.
pub async fn delete<K>(
    session: &Session,
    api: &Api<K>,
    name: &str,
    parameters: &DeleteParams,
) -> Result<bool, Failure>
where
    K: Clone + DeserializeOwned + std::fmt::Debug,
{
    let done = |trouble| matches!(trouble, Trouble::Absent | Trouble::Conflict).then_some(trouble);
    let what = format!("the API server to delete {name}");
    let mut sent = 0;
    let send = || {
        sent += 1;
        api.delete(name, parameters)
    };
    let answer = session.request(&what, name, send, done).await?;
    // Absent at a later attempt, it was the attempt whose answer was lost.
    Ok(answer.map_or_else(|trouble| trouble == Trouble::Absent && sent > 1, |_| true))
}
