//! The support bundle: a tar archive of what was answered and said, without what may be a secret.

use std::io::{Error, Write, stdout};

use contract::Failure;
use gateway_names::GatewayName;
use gw_doctor::report::Report;
use serde_json::{Value, json};
use tar::{Builder, Header};

use crate::answers::Answer;
use crate::question::Question;
use crate::reasons::OUTPUT_FAILED;
use crate::redact::{redacted, redacted_text};

/// Writes it to standard output.
pub fn write(gateway: &GatewayName, report: &Report, answers: &[Answer]) -> Result<(), Failure> {
    archive(gateway, &files(report, answers), stdout().lock()).map_err(|error| {
        OUTPUT_FAILED.failure(
            format!("the bundle cannot be written to standard output: {error}"),
            "see where standard output goes, and run it again",
        )
    })
}

/// Names and contents.
fn files(report: &Report, answers: &[Answer]) -> Vec<(String, String)> {
    let mut document = serde_json::to_value(report).expect("a report is plain data");
    document["asked"] = json!(answers);
    let document = redacted(document);
    let log = |name: &str| {
        let asked = document["asked"].as_array().into_iter().flatten();
        let is_of_node = |answer: &&Value| answer["name"] == Question::Container.word();
        let lines = asked.filter(is_of_node).filter_map(|answer| {
            let lines = answer["document"]["diagnosis"][name].as_array()?;
            Some(lines.iter().filter_map(Value::as_str))
        });
        in_lines(lines.flatten())
    };
    let mut files = vec![
        ("doctor.json".to_owned(), format!("{document:#}\n")),
        ("container.log".to_owned(), log("log")),
        ("server.log".to_owned(), log("server_log")),
        (
            "findings.txt".to_owned(),
            redacted_text(&in_lines(report.text.iter().map(String::as_str))),
        ),
    ];
    files.extend(answers.iter().filter_map(|answer| {
        let said = redacted_text(answer.said.as_deref()?);
        Some((format!("{}.stderr.txt", answer.name), said))
    }));
    files
}

fn in_lines<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.map(|line| format!("{line}\n")).collect()
}

fn archive(gateway: &GatewayName, files: &[(String, String)], output: impl Write) -> Result<(), Error> {
    let mut archive = Builder::new(output);
    for (name, content) in files {
        let mut header = Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        let path = format!("openshell-doctor-{gateway}/{name}");
        archive.append_data(&mut header, path, content.as_bytes())?;
    }
    archive.into_inner()?.flush()
}
