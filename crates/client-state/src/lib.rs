//! What the client keeps of a gateway: metadata, a copy of the specification, which gateway is the default.

use client_files::Metadata;
use contract::{Action, Exit, Failure, Reason};
use gateway_facts::{Facts, Spec};
use gateway_work::Work;

/// There is a copy of the specification, and it says nothing that is known.
pub const SPEC_INVALID: Reason = Reason::new(
    "spec_invalid",
    Exit::Configuration,
    "the persisted specification cannot be read",
);

/// The persisted specification: the container's own while there is one, else the copy beside the client's files.
/// A copy without a volume is what a removal was told to keep, or what outlived a volume that somebody else removed.
pub fn persisted(work: &Work, facts: &Facts) -> Result<Option<Spec>, Failure> {
    if let Some(container) = facts.present() {
        if let Some(Err(why)) = &container.spec {
            work.warn(format!(
                "the specification on container {} cannot be read ({why}): what the container shows is used",
                container.name
            ));
        }
        return Ok(Some(container.effective_spec()));
    }
    let path = work.folder.spec_copy();
    let Some(text) = work.folder.read_private("spec.json")? else {
        return Ok(None);
    };
    Spec::parse(&text).map(Some).map_err(|why| {
        SPEC_INVALID.failure(
            format!("{} is no specification of a gateway: {why}", path.display()),
            format!("correct it, or remove it: rm {}", path.display()),
        )
    })
}

/// Writes what differs.
pub fn write(work: &Work, spec: &Spec, metadata: Option<Metadata>) -> Result<(), Failure> {
    write_spec(work, spec)?;
    let aim = described(work, spec, metadata.clone());
    let differs = if work.dry_run {
        metadata != Some(aim)
    } else {
        work.folder.write_metadata(&aim)?
    };
    if differs {
        let object = format!("file {}", work.folder.metadata_file().display());
        work.did(Action::new("write", object, "the gateway's address differs"));
    }
    let inactive = if work.dry_run {
        work.files.active()?.as_ref() != Some(&work.gateway)
    } else {
        work.files.set_active(&work.gateway)?
    };
    if inactive {
        let object = format!("gateway {}", work.gateway);
        work.did(Action::new(
            "activate",
            object,
            "it is the one that was started last",
        ));
    }
    Ok(())
}

/// Writes the copy of the specification, for the time when there is a volume and no container.
pub fn write_spec(work: &Work, spec: &Spec) -> Result<(), Failure> {
    let content = format!("{}\n", spec.to_json());
    let differs = if work.dry_run {
        work.folder.read_private("spec.json")?.as_deref() != Some(content.as_bytes())
    } else {
        work.folder.write_private("spec.json", content.as_bytes())?
    };
    if differs {
        let object = format!("file {}", work.folder.spec_copy().display());
        work.did(Action::new("write", object, "the specification differs"));
    }
    Ok(())
}

fn described(work: &Work, spec: &Spec, present: Option<Metadata>) -> Metadata {
    let mut metadata = present.unwrap_or_default();
    metadata.name = work.gateway.to_string();
    metadata.gateway_endpoint = spec.endpoint_at(work.machine_address());
    metadata.gateway_port = spec.port;
    metadata.is_remote = work.machine.is_some();
    metadata.remote_host = work.machine.as_ref().map(|machine| machine.named.clone());
    metadata.resolved_host = work.machine.as_ref().map(|machine| machine.address.clone());
    metadata
}
