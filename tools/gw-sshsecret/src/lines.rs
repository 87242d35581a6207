//! `sign` and `verify`: NSSH1 handshake lines, for somebody who looks for a fault.

use std::time::{SystemTime, UNIX_EPOCH};

use contract::{Answer, Context, Failure};
use nssh1::Verifier;
use zeroize::Zeroizing;

use crate::flags::{SignFlags, VerifyFlags};
use crate::input::{read, refuse_shared_input, secret};
use crate::reasons::LINE_INVALID;
use crate::report::{Report, Verdict};

/// Signed where no token is given.
const DEBUG_TOKEN: &str = "debug";

/// `sign`: one line.
pub async fn sign(flags: SignFlags, context: Context<Report>) -> Result<Answer, Failure> {
    let token = match &flags.token_file {
        None => Zeroizing::new(DEBUG_TOKEN.as_bytes().to_vec()),
        Some(path) => {
            refuse_shared_input(path, flags.secret_file.as_deref())?;
            read(path).await?
        }
    };
    let secret = secret(&context, flags.secret_file.as_deref()).await?;
    let token = token.strip_suffix(b"\n").unwrap_or(&token);
    let token = std::str::from_utf8(token).unwrap_or_default();
    let nonce = flags.nonce.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let time = flags.time.unwrap_or_else(now);
    let line = nssh1::sign(&secret, token, time, &nonce).map_err(|refusal| {
        LINE_INVALID.failure(
            format!("token, time and nonce make no handshake line: {refusal}"),
            "a token and a nonce are visible ASCII without spaces and |; the line has 1024 bytes at most",
        )
    })?;
    context
        .report
        .update(|report| report.line = Some(line.trim_end().to_owned()));
    Ok(Answer::Done)
}

/// `verify`: what a sandbox would say of each line, one after another, so that a nonce used twice is seen.
pub async fn verify(flags: VerifyFlags, context: Context<Report>) -> Result<Answer, Failure> {
    refuse_shared_input(&flags.line_file, flags.secret_file.as_deref())?;
    let secret = secret(&context, flags.secret_file.as_deref()).await?;
    let lines = read(&flags.line_file).await?;
    let mut verifier = Verifier::new(secret, flags.skew_seconds);
    let time = flags.time.unwrap_or_else(now);
    let verdicts: Vec<Verdict> = lines
        .split_inclusive(|byte| *byte == b'\n')
        .map(|line| verdict(&mut verifier, line, time))
        .collect();
    for (number, verdict) in verdicts.iter().enumerate() {
        let said = verdict.message.as_deref().unwrap_or("taken");
        context.console.progress(&format!("line {}: {said}", number + 1));
    }
    let all_taken = !verdicts.is_empty() && verdicts.iter().all(|verdict| verdict.taken);
    context.report.update(|report| report.verdicts = verdicts);
    Ok(if all_taken { Answer::Done } else { Answer::No })
}

fn verdict(verifier: &mut Verifier, line: &[u8], time: u64) -> Verdict {
    match verifier.verify(line, time) {
        Ok(token) => Verdict {
            taken: true,
            reason: None,
            message: None,
            token_fingerprint: Some(contract::fingerprint(token.as_bytes())),
        },
        Err(refusal) => Verdict {
            taken: false,
            reason: Some(refusal.reason().to_owned()),
            message: Some(refusal.to_string()),
            token_fingerprint: None,
        },
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
