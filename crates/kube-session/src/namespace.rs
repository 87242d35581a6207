//! Waiting for the namespace, before anything in it is read.

use std::time::Duration;

use contract::Failure;
use k8s_openapi::api::core::v1::Namespace;

use crate::{Backoff, Session};

impl Session {
    /// Returns once the API server has the session's namespace and takes objects in it. Where the namespace is absent, or is
    /// being deleted, it waits: the run's deadline ends that, with the exit code for a time-out.
    pub async fn wait_for_namespace(&self) -> Result<(), Failure> {
        let namespaces = self.everywhere::<Namespace>();
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        loop {
            let found = self.get(&namespaces, &self.namespace).await?;
            let state = match found {
                Some(namespace) if !is_terminating(&namespace) => {
                    self.console.ended_waiting();
                    return Ok(());
                }
                Some(_) => "it is being deleted",
                None => "it does not exist",
            };
            self.console
                .waiting(&format!("namespace {}: {state}", self.namespace));
            tokio::time::sleep(backoff.next_wait()).await;
        }
    }
}

fn is_terminating(namespace: &Namespace) -> bool {
    namespace.metadata.deletion_timestamp.is_some()
        || namespace
            .status
            .as_ref()
            .and_then(|status| status.phase.as_deref())
            == Some("Terminating")
}
