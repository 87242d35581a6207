//! A Service that is reached through the Kubernetes API.

use std::time::Duration;

use contract::{Context, Failure};
use kube_session::Session;
use service_forward::{ServiceStream, Target};

use crate::report::{CauseField, Report};

/// The Service, and the API server that leads to it.
#[derive(Clone)]
pub struct Through {
    session: Session,
    target: Target,
}

impl Through {
    /// Reads the kubeconfig; a wrong one is an error at once.
    pub async fn new(target: &Target, context: &Context<Report>) -> Result<Self, Failure> {
        Ok(Self {
            session: Session::open(context).await?,
            target: target.clone(),
        })
    }

    /// A stream to one of its ready pods; else the cause why there is none.
    pub async fn open(&self, limit: Duration) -> Result<ServiceStream, CauseField> {
        let opened = tokio::time::timeout(limit, service_forward::open(&self.session, &self.target)).await;
        let (word, detail) = match opened {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(unopened)) => (unopened.word(), unopened.to_string()),
            Err(_) => ("timed_out", "the API server opens no stream in time".to_owned()),
        };
        Err(self.named(CauseField::new(word, detail)))
    }

    /// The cause, with the Service that it is about.
    pub fn named(&self, cause: CauseField) -> CauseField {
        let detail = format!("service {}: {}", self.target.service, cause.detail);
        CauseField::new(cause.word, detail)
    }
}
