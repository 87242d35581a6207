//! The verb `diagnose`: facts about container, node and host, for whoever looks for a cause. It judges nothing and changes nothing.

mod node_facts;
mod redact;

use std::time::Duration;

use bollard::errors::Error;
use bollard::query_parameters::LogsOptionsBuilder;
use client_files::lock_holder;
use contract::{Answer, Context, Failure};
use docker_images::find;
use docker_session::docker_failure;
use futures_util::TryStreamExt;
use gateway_facts::{Container, Facts, Spec, Status};
use gateway_work::{Access, Work};
use gw_node::report::{DiagnosisField, Report};
use registry_credentials::kept;
use replacement_journal::Journal;

use crate::describe::show;
use crate::flags::DiagnoseFlags;
use redact::Redactor;

/// A registry that takes longer is of no use to whoever looks for a cause.
const REGISTRY_LIMIT: Duration = Duration::from_secs(3);

/// Fills the diagnosis in. What cannot be had is null. What Docker says is in the document also where the node then takes too long.
pub async fn run(flags: &DiagnoseFlags, context: Context<Report>) -> Result<Answer, Failure> {
    let (work, facts) = Work::begin(&context, "diagnose", Access::Reading).await?;
    let mut found = of_docker(&work).await?;
    of_host(&work, &facts, &mut found);
    if let Some(container) = facts.present() {
        show(&context.report, &work, container);
        of_container(&work, container, flags.lines, &mut found).await?;
    }
    of_image(&work, &facts, &mut found).await?;
    context
        .report
        .update(|report| report.diagnosis = Some(found.clone()));
    let running = facts
        .present()
        .filter(|container| container.status == Status::Running);
    if let Some(container) = running {
        node_facts::of_node(&work, container, flags.lines, &mut found).await?;
        let redactor = Redactor::of(container);
        redact(&redactor, &mut found.server_log);
        context.report.update(|report| report.diagnosis = Some(found));
    }
    Ok(Answer::Done)
}

async fn of_docker(work: &Work) -> Result<DiagnosisField, Failure> {
    let (info, version) = tokio::join!(work.session.api().info(), work.session.api().version());
    let failed = |error: &Error| docker_failure("ask Docker about its host", error);
    let info = info.map_err(|error| failed(&error))?;
    let version = version.map_err(|error| failed(&error))?;
    Ok(DiagnosisField {
        cgroup_version: info.cgroup_version.map(|version| version.to_string()),
        kernel: info.kernel_version,
        cpus: info.ncpu.and_then(|count| count.try_into().ok()),
        memory_bytes: info.mem_total.and_then(|count| count.try_into().ok()),
        storage_driver: info.driver,
        host_architecture: version.arch,
        ..DiagnosisField::default()
    })
}

/// What this host has of the gateway beside Docker.
fn of_host(work: &Work, facts: &Facts, found: &mut DiagnosisField) {
    found.journal = Journal::left(&work.folder);
    found.locked_by = lock_holder(&work.folder);
    found.set_aside = facts.aside.as_ref().map(|aside| aside.name.clone());
    if work.session.is_local() {
        found.inotify_instances = kernel_number("/proc/sys/fs/inotify/max_user_instances");
        found.inotify_watches = kernel_number("/proc/sys/fs/inotify/max_user_watches");
    }
}

async fn of_container(
    work: &Work,
    container: &Container,
    lines: u32,
    found: &mut DiagnosisField,
) -> Result<(), Failure> {
    found.exit_code = container.exit_code;
    found.oom_killed = container.oom_killed;
    found.start_error.clone_from(&container.start_error);
    found.restart_count = container.restart_count;
    found.log = log(work, container, lines).await?;
    if let Some(health) = &container.health {
        found.health_log.clone_from(&health.log);
    }
    let redactor = Redactor::of(container);
    redact(&redactor, &mut found.log);
    redact(&redactor, &mut found.health_log);
    Ok(())
}

fn redact(redactor: &Redactor, lines: &mut [String]) {
    for line in lines {
        *line = redactor.redact(line);
    }
}

async fn log(work: &Work, container: &Container, lines: u32) -> Result<Vec<String>, Failure> {
    let options = LogsOptionsBuilder::new()
        .stdout(true)
        .stderr(true)
        .tail(&lines.to_string())
        .build();
    let log: Result<Vec<_>, _> = work
        .session
        .api()
        .logs(&container.id, Some(options))
        .try_collect()
        .await;
    let log = log.map_err(|error| docker_failure("read the container's log", &error))?;
    let text: Vec<u8> = log
        .into_iter()
        .flat_map(bollard::container::LogOutput::into_bytes)
        .collect();
    Ok(String::from_utf8_lossy(&text)
        .lines()
        .map(str::to_owned)
        .collect())
}

/// The image that runs, or that the next start would need.
async fn of_image(work: &Work, facts: &Facts, found: &mut DiagnosisField) -> Result<(), Failure> {
    let container = facts.present();
    let Some(reference) = container
        .map(|container| container.image.clone())
        .or(spec_copy(work)?)
        .filter(|image| !image.is_empty())
    else {
        return Ok(());
    };
    // A container keeps the image that it was made from, whatever has its name meanwhile.
    let wanted = container.map_or(reference.as_str(), |container| &container.image_id);
    let image = find(&work.session, wanted).await?;
    found.image_present = Some(image.is_some());
    match image {
        Some(image) => found.image_architecture = image.architecture,
        None => found.image_unavailable = unavailable(work, &reference).await?,
    }
    found.image = Some(reference);
    Ok(())
}

/// The image that a volume without a container was made with, as far as this host knows.
fn spec_copy(work: &Work) -> Result<Option<String>, Failure> {
    let text = work.folder.read_private("spec.json")?;
    Ok(text
        .and_then(|text| Spec::parse(&text).ok())
        .map(|spec| spec.image))
}

/// Why the image's registry does not give it; `None` where it would. Docker asks the registry, and downloads nothing.
async fn unavailable(work: &Work, reference: &str) -> Result<Option<String>, Failure> {
    if reference.starts_with("sha256:") {
        return Ok(Some("an id is what no registry knows".to_owned()));
    }
    let credentials = kept(&work.session, &work.folder, None).await?;
    let credentials = credentials.map(|kept| kept.for_docker());
    let asked = work.session.api().inspect_registry_image(reference, credentials);
    Ok(match tokio::time::timeout(REGISTRY_LIMIT, asked).await {
        Ok(Ok(_)) => None,
        Ok(Err(Error::DockerResponseServerError { message, .. })) => Some(message.trim().to_owned()),
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some("its registry does not answer in time".to_owned()),
    })
}

fn kernel_number(path: &str) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}
