//! The answers of the other tools, each as the type that its tool writes.

use contract::Document;
use gateway_names::GatewayName;
use gw_doctor::question::{Place, Question};
use gw_doctor::report::UnreadField;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One answer, as it stands on standard input.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// The question.
    pub name: String,
    /// Which gateway it is about, where that is asked of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
    /// The tool's document; null if it ended without one.
    pub document: Option<Value>,
    /// How the tool ended.
    pub exit_code: Option<i32>,
    /// What it said to people, for the bundle.
    #[serde(skip_serializing)]
    pub said: Option<String>,
}

/// What was understood.
#[derive(Debug, Default)]
pub struct Answers {
    /// `gw-detect`.
    pub detect: Option<Document<gw_detect::report::Report>>,
    /// `gw-node diagnose`.
    pub container: Option<Document<gw_node::report::Report>>,
    /// `gw-node kubeconfig`.
    pub kubeconfig: Option<Document<gw_node::report::Report>>,
    /// `gw-wait api`.
    pub api: Option<Document<gw_wait::report::Report>>,
    /// `gw-wait node`.
    pub node: Option<Document<gw_wait::report::Report>>,
    /// `gw-wait namespace`.
    pub namespace: Option<Document<gw_wait::report::Report>>,
    /// `gw-nodeclean --dry-run`.
    pub nodes: Option<Document<gw_nodeclean::report::Report>>,
    /// `gw-sshsecret check`.
    pub secret: Option<Document<gw_sshsecret::report::Report>>,
    /// `gw-wait rollout`.
    pub rollout: Option<Document<gw_wait::report::Report>>,
    /// `gw-pki check`.
    pub pki: Option<Document<gw_pki::report::Report>>,
    /// `gw-wait grpc`.
    pub grpc: Option<Document<gw_wait::report::Report>>,
    /// `gw-wait sandboxes`.
    pub sandboxes: Option<Document<gw_wait::report::Report>>,
}

/// What came of standard input.
#[derive(Debug, Default)]
pub struct Sorted {
    /// What was understood.
    pub answers: Answers,
    /// What was not, and why.
    pub unread: Vec<UnreadField>,
    /// Questions of the place that no answer came to.
    pub missing: Vec<Question>,
}

/// Reads each answer as its tool writes it. Nothing is passed over: what cannot be used is named.
pub fn sort(given: Vec<Answer>, place: Place) -> Sorted {
    let mut sorted = Sorted::default();
    let named = |question: &Question| given.iter().any(|answer| answer.name == question.word());
    sorted.missing = Question::ALL
        .into_iter()
        .filter(|question| question.matters_in(place) && !named(question))
        .collect();
    for answer in given {
        let name = answer.name.clone();
        if let Err(reason) = sorted.answers.take(answer) {
            sorted.unread.push(UnreadField { name, reason });
        }
    }
    sorted
}

impl Answers {
    /// Takes one answer.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn take(&mut self, answer: Answer) -> Result<(), String> {
        let question = Question::ALL
            .into_iter()
            .find(|question| question.word() == answer.name)
            .ok_or("there is no question of this name")?;
        let document = answer.document.ok_or_else(|| match answer.exit_code {
            Some(code) => format!("{} ended with {code} and without a document", question.tool()),
            None => format!("{} ended without a document", question.tool()),
        })?;
        belongs(&document, question)?;
        match question {
            Question::Detect => fill(&mut self.detect, document),
            Question::Container => fill(&mut self.container, document),
            Question::Kubeconfig => fill(&mut self.kubeconfig, document),
            Question::Api => fill(&mut self.api, document),
            Question::Node => fill(&mut self.node, document),
            Question::Namespace => fill(&mut self.namespace, document),
            Question::Nodes => fill(&mut self.nodes, document),
            Question::Secret => fill(&mut self.secret, document),
            Question::Rollout => fill(&mut self.rollout, document),
            Question::Pki => fill(&mut self.pki, document),
            Question::Grpc => fill(&mut self.grpc, document),
            Question::Sandboxes => fill(&mut self.sandboxes, document),
        }
    }
}

/// Is it a document of the tool that answers this question?
fn belongs(document: &Value, question: Question) -> Result<(), String> {
    let tool = question.tool();
    if document["tool"] != tool {
        return Err(format!("it is no document of {tool}"));
    }
    let condition = &document["condition"];
    if tool == "gw-wait" && !condition.is_null() && *condition != question.word() {
        return Err(format!("it is about the condition {condition}"));
    }
    let gateway = document["gateway"].as_str();
    if let Some(Err(error)) = gateway.map(str::parse::<GatewayName>) {
        return Err(error.to_string());
    }
    if document["schema"] != 1 {
        return Err(format!("version {} of its form is not known", document["schema"]));
    }
    Ok(())
}

fn fill<R: DeserializeOwned>(place: &mut Option<Document<R>>, document: Value) -> Result<(), String> {
    if place.is_some() {
        return Err("it came twice, and the first one counts".to_owned());
    }
    let read = serde_json::from_value(document);
    *place = Some(read.map_err(|error| format!("it is not as the tool's --schema says: {error}"))?);
    Ok(())
}
