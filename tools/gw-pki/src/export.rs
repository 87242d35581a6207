//! `export`: the client's bundle for another machine.

use std::io::Write;
use std::path::Path;

use client_files::{BundleContent, CLIENT_FILES_FAILED};
use contract::{Action, Answer, Context, Failure};
use gateway_names::CLIENT_TLS_SECRET;
use kube_session::Workload;
use zeroize::Zeroizing;

use crate::examine::{Demand, Part, examine, server_names};
use crate::finding::listed;
use crate::flags::ExportFlags;
use crate::gateway::{Gateway, seconds_since_1970};
use crate::observe::observe;
use crate::reasons::{BUNDLE_INVALID, OUTPUT_REFUSED};
use crate::report::Report;

/// The names of a bundle's files.
const FILES: [&str; 3] = ["ca.crt", "tls.crt", "tls.key"];

/// Writes what the cluster has, provided that a client can use it.
pub async fn run(flags: ExportFlags, context: Context<Report>) -> Result<Answer, Failure> {
    let goes_to_stdout = flags.output == Path::new("-");
    if goes_to_stdout {
        context.data_goes_to_stdout();
    }
    let gateway = Gateway::open(&context, &Workload::default()).await?;
    let session = &gateway.session;
    session.wait_for_namespace().await?;
    let observed = observe(session, &gateway.folder).await?;
    let sans = server_names::wanted(&session.namespace, &[]);
    let demand = Demand {
        sans: &sans,
        renew_before: None,
        now: seconds_since_1970(),
    };
    let examined = examine(&observed, demand);
    context
        .report
        .update(|report| gateway.show(report, &examined, demand.now));
    let bundle = observed
        .client
        .as_ref()
        .and_then(|secret| {
            Some(BundleContent {
                ca: secret.value("ca.crt")?.to_vec(),
                certificate: secret.value("tls.crt")?.to_vec(),
                key: secret.value("tls.key")?.to_vec(),
            })
        })
        .filter(|_| is_usable(&examined.client))
        .ok_or_else(|| unusable(&examined.client))?;
    let shown = flags.output.display().to_string();
    let action = Action::new("export", format!("bundle {shown}"), "it was asked for");
    context.report.update(|report| report.actions = vec![action]);
    if context.common.dry_run {
        return Ok(Answer::Done);
    }
    if goes_to_stdout {
        let archive = archive(&bundle).and_then(|archive| std::io::stdout().lock().write_all(&archive));
        archive.map_err(|error| failed("standard output", &error))?;
    } else {
        let folder = std::path::absolute(&flags.output).map_err(|error| failed(&shown, &error))?;
        refuse_what_is_not_ours(&folder)?;
        let changed = client_files::write_bundle(&folder, &bundle)?;
        context.report.update(|report| report.changed = changed);
    }
    context.report.update(|report| report.exported = Some(shown));
    Ok(Answer::Done)
}

/// What is only late serves for now.
fn is_usable(client: &Part) -> bool {
    let findings = client.findings();
    findings.iter().all(|finding| !finding.is_fault())
}

fn unusable(client: &Part) -> Failure {
    BUNDLE_INVALID.failure(
        format!(
            "Secret {CLIENT_TLS_SECRET} has no bundle that a client could use: {}",
            listed(&client.findings())
        ),
        format!("{}, then export it again", contract::typed("gw-pki reconcile")),
    )
}

/// The folder is swapped as a whole: nothing else may be in it.
fn refuse_what_is_not_ours(folder: &Path) -> Result<(), Failure> {
    let found = match std::fs::read_dir(folder) {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(&folder.display().to_string(), &error)),
    };
    for entry in found {
        let entry = entry.map_err(|error| failed(&folder.display().to_string(), &error))?;
        if !FILES.iter().any(|ours| entry.file_name() == *ours) {
            return Err(OUTPUT_REFUSED.failure(
                format!(
                    "{} holds {}, and a bundle takes the place of the whole folder",
                    folder.display(),
                    entry.file_name().display()
                ),
                "name a folder that does not exist, or is empty",
            ));
        }
    }
    Ok(())
}

/// `mtls/` with the three files: what belongs into a client's folder of the gateway.
fn archive(bundle: &BundleContent) -> std::io::Result<Zeroizing<Vec<u8>>> {
    // Room for all of it at once: a buffer that grows would leave copies of the key behind.
    let mut content = Zeroizing::new(Vec::with_capacity(64 * 1024));
    let mut archive = tar::Builder::new(&mut *content);
    let header = |kind, mode, size: usize| {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(size as u64);
        header.set_mtime(u64::try_from(seconds_since_1970()).unwrap_or_default());
        header
    };
    let mut folder = header(tar::EntryType::Directory, 0o700, 0);
    archive.append_data(&mut folder, "mtls/", std::io::empty())?;
    for (name, value) in FILES
        .into_iter()
        .zip([&bundle.ca, &bundle.certificate, &bundle.key])
    {
        let mut file = header(tar::EntryType::Regular, 0o600, value.len());
        archive.append_data(&mut file, format!("mtls/{name}"), value.as_slice())?;
    }
    archive.finish()?;
    drop(archive);
    Ok(content)
}

fn failed(what: &str, error: &std::io::Error) -> Failure {
    CLIENT_FILES_FAILED.failure(
        format!("cannot write {what}: {error}"),
        "see that there is room and permission, then export it again",
    )
}
