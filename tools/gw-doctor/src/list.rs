//! `list`: a table of all gateways.

use std::collections::BTreeMap;

use contract::{Answer, Context, Failure};
use gw_detect::report::GatewayField;
use gw_doctor::question::{Place, Question};
use gw_doctor::report::{Report, UnreadField};
use gw_wait::report::{Report as Waited, SandboxesField};
use serde_json::Value;

use crate::answers::{self, Answers};
use crate::flags::ListFlags;
use crate::observe;
use crate::text::UNKNOWN;

/// Sandboxes by gateway.
type Sandboxes = BTreeMap<String, SandboxesField>;

/// Tells it line by line, and the documents in one.
pub async fn tell(flags: &ListFlags, context: &Context<Report>) -> Result<Answer, Failure> {
    let given = observe::read(context).await?;
    let (of_gateways, of_all): (Vec<_>, Vec<_>) =
        given.into_iter().partition(|answer| answer.gateway.is_some());
    let detect = of_all
        .iter()
        .find(|answer| answer.name == Question::Detect.word());
    let mut seen = detect
        .and_then(|answer| answer.document.clone())
        .unwrap_or_default();
    let mut sorted = answers::sort(of_all, Place::Container);
    let (sandboxes, unread) = sandboxes(of_gateways);
    sorted.unread.extend(unread);
    let detected = observe::detected(&sorted)?;
    let text = lines(&detected.gateways, &sandboxes, flags.active.as_deref());
    add_sandboxes(&mut seen, &sandboxes);
    context.report.update(|report| {
        report.unread = sorted.unread;
        report.text = text;
        report.seen = Some(seen);
    });
    Ok(Answer::Done)
}

fn sandboxes(given: Vec<answers::Answer>) -> (Sandboxes, Vec<UnreadField>) {
    let mut found = Sandboxes::new();
    let mut unread = Vec::new();
    for answer in given {
        let gateway = answer.gateway.clone().unwrap_or_default();
        let mut answers = Answers::default();
        if let Err(reason) = answers.take(answer) {
            let name = format!("{} of {gateway}", Question::Sandboxes.word());
            unread.push(UnreadField { name, reason });
        }
        let report = answers.sandboxes.map(|document| document.report);
        found.extend(report.and_then(|Waited { sandboxes, .. }| Some((gateway, sandboxes?))));
    }
    (found, unread)
}

fn add_sandboxes(seen: &mut Value, sandboxes: &Sandboxes) {
    for gateway in seen["gateways"].as_array_mut().into_iter().flatten() {
        let of = gateway["gateway"].as_str().and_then(|name| sandboxes.get(name));
        let value = of.map(|field| serde_json::to_value(field).expect("plain data"));
        gateway["sandboxes"] = value.unwrap_or_default();
    }
}

fn lines(gateways: &[GatewayField], sandboxes: &Sandboxes, active: Option<&str>) -> Vec<String> {
    let line = |mark: &str, [name, state, endpoint, sandboxes, image]: [&str; 5]| {
        format!("{mark} {name:24} {state:12} {endpoint:34} {sandboxes:24} {image}")
    };
    let head = line(" ", ["GATEWAY", "STATE", "ENDPOINT", "SANDBOXES", "IMAGE"]);
    let rows = gateways.iter().map(|gateway| {
        let name = gateway.gateway.as_str();
        let place = gateway.cluster.as_ref().map(|cluster| {
            let context = cluster.context.as_deref().unwrap_or(UNKNOWN);
            format!("context {context}, namespace {}", cluster.namespace)
        });
        let image = place.as_deref().or(gateway.image.as_deref());
        let columns = [
            name,
            gateway.state.word(),
            gateway.endpoint.as_deref().unwrap_or(UNKNOWN),
            sandboxes.get(name).map_or(UNKNOWN, counted),
            image.unwrap_or(UNKNOWN),
        ];
        line(if active == Some(name) { "*" } else { " " }, columns)
    });
    std::iter::once(head).chain(rows).collect()
}

/// `2 ready, 1 suspended`: the table's head says of what.
fn counted(sandboxes: &SandboxesField) -> &str {
    match sandboxes.summary.split_once(": ") {
        Some((_, counted)) => counted,
        None => "none",
    }
}
