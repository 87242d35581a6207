//! What is in helm's way on the cluster, and how it is moved out of it.

use std::sync::Mutex;

use contract::Failure;
use gw_release::facts::workload_name;
use helm_revision::Revision;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{Secret, Service};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;
use kube::api::{
    ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams, Preconditions,
};
use kube::core::Status;
use kube_session::{Session, Trouble};
use serde_json::{Value, json};

/// Helm's annotation on what it deployed.
const RELEASE_ANNOTATION: &str = "meta.helm.sh/release-name";
/// The definition of k3s's HelmChart.
const HELM_CHARTS: &str = "helmcharts.helm.cattle.io";
/// k3s's helm controller leaves alone what is marked so. Source: k3s-io/helm-controller, pull request 137.
const UNMANAGED: &str = "helmcharts.helm.cattle.io/unmanaged";

/// A workload of the release, as a chart has it.
#[derive(Debug)]
pub struct Workload<'a> {
    rendered: &'a Value,
    api: Api<DynamicObject>,
    name: String,
}

impl<'a> Workload<'a> {
    /// `None` for another kind of object.
    pub fn of(rendered: &'a Value, session: &Session) -> Option<Self> {
        let kind = match rendered["kind"].as_str()? {
            "StatefulSet" => ApiResource::erase::<StatefulSet>(&()),
            "Deployment" => ApiResource::erase::<Deployment>(&()),
            _ => return None,
        };
        Some(Self {
            rendered,
            api: Api::namespaced_with(session.client.clone(), &session.namespace, &kind),
            name: rendered["metadata"]["name"].as_str()?.to_owned(),
        })
    }

    /// `statefulset/NAME` or `deployment/NAME`.
    pub fn called(&self) -> String {
        workload_name(self.rendered)
    }

    /// Is it there, of this release, and does the API server refuse to change it to what the chart has? It is asked to, without doing it.
    pub async fn is_stuck(&self, session: &Session) -> Result<bool, Failure> {
        let Some(live) = session.get(&self.api, &self.name).await? else {
            return Ok(false);
        };
        if !is_of_release(&live.metadata) {
            return Ok(false);
        }
        let patch = Patch::Merge(change(&live.data, self.rendered));
        let dry = PatchParams {
            dry_run: true,
            ..PatchParams::default()
        };
        let refusal = Mutex::new(None);
        let send = async || {
            let answer = self.api.patch(&self.name, &dry, &patch).await;
            if let Err(kube::Error::Api(status)) = &answer {
                *refusal.lock().expect("no other thread panicked") = Some(status.clone());
            }
            answer
        };
        let expected = |trouble| matches!(trouble, Trouble::Absent | Trouble::Refused).then_some(());
        let what = format!("the API server to say whether {} can be changed", self.called());
        let answer = session.request(&what, &self.name, send, expected).await?;
        let status = refusal.into_inner().expect("no other thread panicked");
        Ok(answer.is_err() && status.is_some_and(|status| is_immutable(&status)))
    }

    /// Deletes it; its volumes stay.
    pub async fn delete(&self, session: &Session) -> Result<(), Failure> {
        let parameters = DeleteParams::background();
        let what = format!("the API server to delete {}", self.called());
        let absent = |trouble| (trouble == Trouble::Absent).then_some(());
        let send = || self.api.delete(&self.name, &parameters);
        session.request(&what, &self.name, send, absent).await.map(drop)
    }
}

fn is_of_release(metadata: &ObjectMeta) -> bool {
    let annotations = metadata.annotations.as_ref();
    annotations
        .and_then(|all| all.get(RELEASE_ANNOTATION))
        .is_some_and(|name| name == gateway_names::WORKLOAD)
}

/// The change to what the chart has. A merge keeps labels that it does not name, so those that the selector loses are named.
fn change(live: &Value, rendered: &Value) -> Value {
    let mut spec = rendered["spec"].clone();
    let (labels, wanted) = (
        "/selector/matchLabels",
        &rendered["spec"]["selector"]["matchLabels"],
    );
    let had = live["spec"].pointer(labels).and_then(Value::as_object);
    if let Some(place) = spec.pointer_mut(labels).and_then(Value::as_object_mut) {
        for key in had.into_iter().flat_map(|had| had.keys()) {
            if wanted.get(key).is_none() {
                place.insert(key.clone(), Value::Null);
            }
        }
    }
    json!({ "spec": spec })
}

/// A StatefulSet refuses all but a few fields as `spec`, a Deployment its `spec.selector`. Source: Kubernetes, pkg/apis/apps/validation.
fn is_immutable(status: &Status) -> bool {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let mut fields = causes.map(|cause| cause.field.as_str());
    status.code == 422 && fields.any(|field| field == "spec" || field.starts_with("spec.selector"))
}

/// Services of this release that have the entry's node port under another name: helm makes the new one before it removes the old one, and a
/// node port has one Service at a time.
pub async fn entries_in_the_way(session: &Session, kept: Option<&str>) -> Result<Vec<String>, Failure> {
    let services = session
        .list(&session.namespaced::<Service>(), &ListParams::default())
        .await?;
    let has_port = |service: &Service| {
        let ports = service.spec.as_ref().and_then(|spec| spec.ports.as_ref());
        ports.is_some_and(|ports| {
            ports.iter().any(|port| {
                port.node_port
                    .is_some_and(|port| port == i32::from(gateway_names::NODE_PORT))
            })
        })
    };
    let found = services
        .into_iter()
        .filter(|service| has_port(service) && is_of_release(&service.metadata));
    let names = found.filter_map(|service| service.metadata.name);
    Ok(names.filter(|name| Some(name.as_str()) != kept).collect())
}

/// Deletes a Service.
pub async fn delete_service(session: &Session, name: &str) -> Result<(), Failure> {
    let (api, parameters) = (session.namespaced::<Service>(), DeleteParams::default());
    let absent = |trouble| (trouble == Trouble::Absent).then_some(());
    let what = format!("the API server to delete Service {name}");
    session
        .request(&what, name, || api.delete(name, &parameters), absent)
        .await
        .map(drop)
}

/// Deletes the record of a revision, and of no other one of its name.
pub async fn forget(session: &Session, revision: &Revision) -> Result<(), Failure> {
    let api = session.namespaced::<Secret>();
    let same = Preconditions {
        uid: revision.uid.clone(),
        resource_version: None,
    };
    let parameters = DeleteParams::default().preconditions(same);
    let name = revision.secret.as_str();
    // Where another one has its place, what is to be done is decided anew.
    let gone = |trouble| matches!(trouble, Trouble::Absent | Trouble::Conflict).then_some(());
    let what = format!("the API server to delete Secret {name}");
    session
        .request(&what, name, || api.delete(name, &parameters), gone)
        .await
        .map(drop)
}

/// The HelmChart of the gateway that k3s's helm controller would bring back over this release; `None` if there is none or it is marked.
pub async fn helm_chart(session: &Session) -> Result<Option<Api<DynamicObject>>, Failure> {
    let definitions = session.everywhere::<CustomResourceDefinition>();
    if session.get(&definitions, HELM_CHARTS).await?.is_none() {
        return Ok(None);
    }
    let kind = GroupVersionKind::gvk("helm.cattle.io", "v1", "HelmChart");
    let kind = ApiResource::from_gvk_with_plural(&kind, "helmcharts");
    let api = Api::namespaced_with(session.client.clone(), "kube-system", &kind);
    let found: Option<DynamicObject> = session.get(&api, gateway_names::WORKLOAD).await?;
    let is_marked = |chart: &DynamicObject| {
        let annotations = chart.metadata.annotations.as_ref();
        annotations
            .and_then(|all| all.get(UNMANAGED))
            .is_some_and(|value| value == "true")
    };
    Ok(found.filter(|chart| !is_marked(chart)).map(|_| api))
}

/// Marks the HelmChart as one that the helm controller leaves alone.
pub async fn let_go(session: &Session, charts: &Api<DynamicObject>) -> Result<(), Failure> {
    let patch = Patch::Merge(json!({"metadata": {"annotations": {UNMANAGED: "true"}}}));
    let (name, parameters) = (gateway_names::WORKLOAD, PatchParams::default());
    let absent = |trouble| (trouble == Trouble::Absent).then_some(());
    let what = format!("the API server to mark HelmChart {name}");
    session
        .request(&what, name, || charts.patch(name, &parameters, &patch), absent)
        .await
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(code: u16, fields: &[&str]) -> Status {
        let causes: Vec<Value> = fields
            .iter()
            .map(|field| json!({"reason": "FieldValueForbidden", "field": field}))
            .collect();
        serde_json::from_value(json!({"code": code, "reason": "Invalid", "details": {"causes": causes}}))
            .unwrap()
    }

    #[test]
    fn only_what_nobody_may_change_is_stuck() {
        for (code, fields, expected) in [
            (422, &["spec"][..], true),
            (422, &["spec.selector"], true),
            (422, &["spec.replicas"], false),
            (422, &["spec.template.spec.containers[0].image", "spec"], true),
            (422, &[], false),
            (400, &["spec"], false),
        ] {
            assert_eq!(is_immutable(&status(code, fields)), expected, "{code} {fields:?}");
        }
    }

    #[test]
    fn a_label_that_the_selector_loses_is_part_of_the_change() {
        let live = json!({"spec": {"selector": {"matchLabels": {"app": "a", "old": "x"}}}});
        let rendered =
            json!({"kind": "Deployment", "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "a"}}}});
        assert_eq!(
            change(&live, &rendered),
            json!({"spec": {"replicas": 1, "selector": {"matchLabels": {"app": "a", "old": null}}}})
        );
    }
}
