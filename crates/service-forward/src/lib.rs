//! Byte streams to a port of a Kubernetes Service, through the API server: what `kubectl port-forward` does.
//!
//! Each stream leads to a pod that is ready at that moment, so that who opens another one is not bound to a pod that went.

mod choice;
mod stream;
mod target;

use std::fmt;

use k8s_openapi::api::core::v1::{Pod, Service};
use kube::Api;
use kube::api::ListParams;
use kube_session::{Session, Trouble, classify, explain, present};

pub use choice::is_ready;
pub use stream::ServiceStream;
pub use target::Target;

/// Why a Service leads to no pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// It has no such port.
    PortMissing,
    /// It selects no pods.
    SelectorMissing,
    /// No container of its pod has a port of the name that the Service's port leads to.
    TargetMissing {
        /// That name.
        name: String,
    },
    /// None of its pods is ready.
    Unready {
        /// How many pods it has.
        of: usize,
    },
}

/// Why a stream could not be opened. Its text completes "service NAME: ".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unopened {
    /// The Service is proven absent.
    Absent,
    /// The Service leads to no pod at this moment.
    Misfit(Misfit),
    /// The API server did not answer, or answered with an error.
    Api(Trouble, String),
}

impl Unopened {
    /// A stable word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Absent => "no_service",
            Self::Misfit(Misfit::PortMissing | Misfit::TargetMissing { .. }) => "no_port",
            Self::Misfit(Misfit::SelectorMissing) => "no_selector",
            Self::Misfit(Misfit::Unready { .. }) => "no_ready_pod",
            Self::Api(Trouble::Forbidden, _) => "forbidden",
            Self::Api(Trouble::Unreachable, _) => "api_unreachable",
            Self::Api(..) => "api_error",
        }
    }
}

impl From<Misfit> for Unopened {
    fn from(misfit: Misfit) -> Self {
        Self::Misfit(misfit)
    }
}

impl fmt::Display for Unopened {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => formatter.write_str("it does not exist"),
            Self::Misfit(Misfit::PortMissing) => formatter.write_str("it has no such TCP port"),
            Self::Misfit(Misfit::SelectorMissing) => formatter.write_str("it selects no pods"),
            Self::Misfit(Misfit::TargetMissing { name }) => {
                write!(formatter, "no container of its pod has a port of name {name}")
            }
            Self::Misfit(Misfit::Unready { of: 0 }) => formatter.write_str("it has no pod"),
            Self::Misfit(Misfit::Unready { of: 1 }) => formatter.write_str("its pod is not ready"),
            Self::Misfit(Misfit::Unready { of }) => write!(formatter, "none of its {of} pods is ready"),
            Self::Api(_, cause) => formatter.write_str(cause),
        }
    }
}

impl std::error::Error for Unopened {}

/// Can the Service lead anywhere, as soon as it has a ready pod?
///
/// # Errors
/// What is missing in it.
pub fn check(service: &Service, target: &Target) -> Result<(), Misfit> {
    choice::selector(service)?;
    match choice::choose(service, target.port.as_deref(), &[]) {
        Err(Misfit::Unready { .. }) | Ok(_) => Ok(()),
        Err(missing) => Err(missing),
    }
}

/// Opens a stream to a pod of the Service that is ready at this moment. It asks once and has no time limit: the caller knows how long
/// a stream is worth waiting for, and whether to ask again.
///
/// # Errors
/// See [`Unopened`]. A pod whose port cannot be reached is an error of the stream's first read.
pub async fn open(session: &Session, target: &Target) -> Result<ServiceStream, Unopened> {
    let name = &target.service;
    let services: Api<Service> = session.namespaced();
    let pods: Api<Pod> = session.namespaced();
    let service = present(services.get(name).await, name).map_err(|error| of_api(&error))?;
    let service = service.ok_or(Unopened::Absent)?;
    let selection = ListParams::default().labels(&choice::selector(&service)?);
    let found = pods.list(&selection).await.map_err(|error| of_api(&error))?;
    let backend = choice::choose(&service, target.port.as_deref(), &found.items)?;
    let mut forwarder = pods
        .portforward(&backend.pod, &[backend.port])
        .await
        .map_err(|error| of_api(&error))?;
    let complaint = forwarder.take_error(backend.port);
    let bytes = forwarder
        .take_stream(backend.port)
        .expect("a stream is there for the port that was asked for");
    Ok(ServiceStream::new(
        backend.pod,
        bytes,
        complaint.map(|complaint| Box::pin(complaint) as _),
    ))
}

fn of_api(error: &kube::Error) -> Unopened {
    Unopened::Api(classify(error, ""), explain(error))
}
