//! Waiting for the namespace, before anything in it is read.

use std::time::Duration;

use contract::{Exit, Failure};
use k8s_openapi::api::core::v1::Namespace;

use crate::{Backoff, Session};

impl Session {
    /// Returns once the API server has the session's namespace and takes objects in it. Where the namespace is absent, or is
    /// being deleted, it waits: the run's deadline ends that, with the exit code for a time-out.
    pub async fn wait_for_namespace(&self) -> Result<(), Failure> {
        let namespaces = self.everywhere::<Namespace>();
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        let mut last_state = None;
        loop {
            let found = match self.get(&namespaces, &self.namespace).await {
                Ok(found) => found,
                // The last request was cut short by the deadline: what was waited for says more than that.
                Err(failure) => {
                    return Err(last_state
                        .filter(|_| self.is_nearly_over())
                        .map_or(failure, |state| self.gave_up(state)));
                }
            };
            let state = match found {
                Some(namespace) if !is_terminating(&namespace) => {
                    self.console.ended_waiting();
                    return Ok(());
                }
                Some(_) => "it is being deleted",
                None => "it does not exist",
            };
            last_state = Some(state);
            self.console
                .waiting(&format!("namespace {}: {state}", self.namespace));
            tokio::time::sleep(backoff.next_wait()).await;
        }
    }

    fn gave_up(&self, state: &str) -> Failure {
        Failure::new(
            Exit::TimedOut,
            "timed_out",
            format!(
                "the time is over, and namespace {} is not there: {state}",
                self.namespace
            ),
            "kubectl get namespaces; --namespace names another one",
        )
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
