//! `status`: a table of one gateway.

mod rows;

use contract::{Answer, Context, Document, Failure};
use gw_detect::state::State;
use gw_doctor::question::{Place, Question};
use gw_doctor::report::Report;
use jiff::Timestamp;
use serde_json::Value;

use crate::answers::{self, Answers};
use crate::flags::StatusFlags;
use crate::observe;

/// The widest name of a row.
const NAMES: usize = 13;

/// Tells it line by line, and the documents in one.
pub async fn tell(flags: &StatusFlags, context: &Context<Report>) -> Result<Answer, Failure> {
    let given = observe::read(context).await?;
    let seen = seen(&given);
    let sorted = answers::sort(given, Place::Container);
    let detected = observe::detected(&sorted)?;
    let looks = Looks::of(&sorted.answers);
    let colour = |state: State| flags.color.then(|| ansi_colour(state));
    let text: Vec<String> = rows::rows(detected, &looks, colour, Timestamp::now())
        .into_iter()
        .map(|(name, value)| format!("{name:NAMES$} {value}"))
        .collect();
    let (gateway, state, endpoint) = (
        detected.gateway.clone(),
        detected.state,
        detected.endpoint.clone(),
    );
    context.report.update(|report| {
        report.gateway = gateway;
        report.state = state;
        report.endpoint = endpoint;
        report.unread = sorted.unread;
        report.text = text;
        report.seen = Some(seen);
    });
    Ok(Answer::Done)
}

/// What was seen inside the cluster, of those looks that did not fail.
#[derive(Debug, Default)]
struct Looks<'a> {
    pki: Option<&'a gw_pki::report::Report>,
    secret: Option<&'a gw_sshsecret::report::Report>,
    sandboxes: Option<&'a gw_wait::report::SandboxesField>,
}

impl<'a> Looks<'a> {
    fn of(answers: &'a Answers) -> Self {
        let sandboxes = well(answers.sandboxes.as_ref());
        Self {
            pki: well(answers.pki.as_ref()),
            secret: well(answers.secret.as_ref()),
            sandboxes: sandboxes.and_then(|report| report.sandboxes.as_ref()),
        }
    }
}

fn well<R>(document: Option<&Document<R>>) -> Option<&R> {
    document
        .filter(|document| document.error.is_none())
        .map(|document| &document.report)
}

/// The first document of gw-detect, with the others' in it.
fn seen(given: &[answers::Answer]) -> Value {
    let document = |question: Question| {
        let first = given.iter().find(|answer| answer.name == question.word());
        let document = first.and_then(|answer| answer.document.clone());
        document.filter(|document| document["error"].is_null())
    };
    let mut seen = document(Question::Detect).unwrap_or_default();
    if let Some(members) = seen.as_object_mut() {
        let sandboxes = document(Question::Sandboxes).map(|mut document| document["sandboxes"].take());
        for (name, value) in [
            ("certificates", document(Question::Pki)),
            ("secret", document(Question::Secret)),
            ("sandboxes", sandboxes),
        ] {
            members.insert(name.to_owned(), value.unwrap_or_default());
        }
    }
    seen
}

/// Green where it serves, red where it needs a hand, yellow between.
fn ansi_colour(state: State) -> u8 {
    match state {
        State::Serving => 32,
        State::Dead | State::Conflict | State::Unreachable => 31,
        _ => 33,
    }
}
