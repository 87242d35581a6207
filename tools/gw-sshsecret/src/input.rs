//! What is read from files and standard input.

use std::path::Path;

use contract::{Context, Failure};
use gateway_names::HANDSHAKE_SECRET;
use nssh1::Secret;
use zeroize::Zeroizing;

use crate::observe::{Present, observe_secret, open};
use crate::reasons::{HANDSHAKE_INVALID, HANDSHAKE_MISSING, INPUT_FAILED};
use crate::report::{Report, Source};

/// More than any input here needs, in bytes.
const LONGEST_INPUT: usize = 1024 * 1024;

/// The whole of a file; `-` is standard input.
pub async fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    contract::read_input(path, LONGEST_INPUT).await.map_err(|error| {
        let name = if path == Path::new("-") {
            "standard input".to_owned()
        } else {
            path.display().to_string()
        };
        INPUT_FAILED.failure(
            format!("{name} cannot be read: {error}"),
            "name a file that can be read, or - for standard input",
        )
    })
}

/// Two inputs cannot both be standard input.
pub fn refuse_shared_input(one: &Path, other: Option<&Path>) -> Result<(), Failure> {
    if one == Path::new("-") && other == Some(Path::new("-")) {
        return Err(Failure::usage(
            "only one input can be standard input",
            "give a file in place of one -",
        ));
    }
    Ok(())
}

/// The secret to sign or to verify with: from a file, else from the cluster.
pub async fn secret(context: &Context<Report>, file: Option<&Path>) -> Result<Secret, Failure> {
    let (text, source) = match file {
        Some(path) => {
            let content = read(path).await?;
            let trimmed = content.strip_suffix(b"\n").unwrap_or(&content);
            let text = std::str::from_utf8(trimmed).map(str::to_owned);
            let text = text.map_err(|_| invalid("it is no text"))?;
            (Zeroizing::new(text), Source::Given)
        }
        None => (from_cluster(context).await?, Source::Existing),
    };
    if !gateway_names::is_handshake_secret(text.as_bytes()) && !text.is_empty() {
        context
            .console
            .warning("the secret is not 64 lower-case hex characters: no gateway server takes it");
    }
    context.report.update(|report| {
        report.fingerprint = Some(contract::fingerprint(text.as_bytes()));
        report.source = Some(source);
    });
    Secret::new(text.to_string()).map_err(|_| invalid("it is empty: both sides refuse that"))
}

fn invalid(why: &str) -> Failure {
    HANDSHAKE_INVALID.failure(
        format!("the secret that was given is no handshake secret: {why}"),
        "give 64 lower-case hex characters, or leave --secret-file out to take the cluster's",
    )
}

async fn from_cluster(context: &Context<Report>) -> Result<Zeroizing<String>, Failure> {
    let session = open(context).await?;
    session.wait_for_namespace().await?;
    let (reason, what, hint) = match observe_secret(&session).await?.present {
        Present::Valid(secret) => {
            let text = String::from_utf8_lossy(secret.expose()).into_owned();
            return Ok(Zeroizing::new(text));
        }
        Present::Absent => (
            HANDSHAKE_MISSING,
            "does not exist".to_owned(),
            contract::typed("gw-sshsecret reconcile"),
        ),
        Present::Invalid(why) => (
            HANDSHAKE_INVALID,
            format!("is no handshake secret: {why}"),
            contract::typed("gw-sshsecret reconcile --replace-invalid"),
        ),
    };
    Err(reason.failure(format!("Secret {HANDSHAKE_SECRET} {what}"), hint))
}
