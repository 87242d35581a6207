//! The gateway's namespace exists.

use contract::{Context, Failure};
use futures_util::StreamExt;
use k8s_openapi::api::core::v1::Namespace;
use kube_session::Session;

use crate::reasons::NAMESPACE_TERMINATING;
use crate::report::{CauseField, Report, begin};
use crate::watched::{self, Verdict};

/// Returns once the namespace is there and active.
pub async fn wait(context: &Context<Report>) -> Result<(), Failure> {
    let session = Session::open(context).await?;
    let name = session.namespace.clone();
    begin(context, "namespace", &name);
    let states = watched::object(session.everywhere::<Namespace>(), &name).boxed();
    let words = (
        &*format!("namespace {name}"),
        "kubectl get namespaces; --namespace names another one",
    );
    watched::until(&session, context, states, words, |found| {
        judge(&name, found.as_ref())
    })
    .await
}

fn judge(name: &str, found: Option<&Namespace>) -> Verdict {
    let phase = found.and_then(|found| found.status.as_ref()?.phase.as_deref());
    match phase {
        Some("Active") => Verdict::Holds("it is Active".to_owned()),
        Some("Terminating") => Verdict::Never(NAMESPACE_TERMINATING.failure(
            format!("namespace {name} is being deleted"),
            format!("wait until it is gone: kubectl wait --for=delete namespace/{name}"),
        )),
        _ => Verdict::NotYet(CauseField::new("absent", "it does not exist")),
    }
}
