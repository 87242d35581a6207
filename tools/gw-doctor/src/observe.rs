//! What the other tools said, from standard input.

use contract::{Failure, Reason};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::answers::Answer;
use crate::reasons::{INPUT_FAILED, INPUT_INVALID, NO_DOCUMENTS};

/// More than all tools say together, with the longest logs; in bytes.
const LONGEST_INPUT: u64 = 256 * 1024 * 1024;

/// Every answer, in the order in which they came.
pub async fn read(input: impl AsyncRead + Unpin) -> Result<Vec<Answer>, Failure> {
    let mut text = Vec::new();
    let read = input.take(LONGEST_INPUT + 1).read_to_end(&mut text).await;
    read.map_err(|error| failed(INPUT_FAILED, format!("standard input cannot be read: {error}")))?;
    if text.len() as u64 > LONGEST_INPUT {
        let message = format!("standard input has more than {} MiB", LONGEST_INPUT >> 20);
        return Err(failed(INPUT_INVALID, message));
    }
    let answers: Result<Vec<Answer>, _> = serde_json::Deserializer::from_slice(&text).into_iter().collect();
    let answers = answers.map_err(|error| {
        let message = format!("standard input is no stream of documents, each with a name: {error}");
        failed(INPUT_INVALID, message)
    })?;
    if answers.is_empty() {
        let message = "there is no document on standard input, and so nothing can be said";
        return Err(failed(NO_DOCUMENTS, message.to_owned()));
    }
    Ok(answers)
}

fn failed(reason: Reason, message: String) -> Failure {
    let hint = contract::typed_by_driver("doctor").unwrap_or_else(|| {
        let doctor = contract::typed("gw-doctor");
        let detect = contract::typed("gw-detect");
        format!("{detect} | jq '{{name: \"detect\", document: .}}' | {doctor}")
    });
    reason.failure(message, hint)
}
