//! What was seen and done, in the document's words.

use gateway_facts::{Container, Facts, Status};

use crate::backup_file::Counted;
use crate::plan::present;
use crate::report::{BackupField, Report, StateBefore};

/// What Docker has before the run.
pub fn state_before(facts: &Facts) -> StateBefore {
    match (present(facts), &facts.volume) {
        (None, None) => StateBefore::Absent,
        (None, Some(_)) => StateBefore::VolumeOnly,
        (Some(container), _) => match container.status {
            Status::Running => StateBefore::Running,
            Status::Paused => StateBefore::Paused,
            Status::Restarting => StateBefore::Restarting,
            Status::Dead | Status::Removing => StateBefore::Dead,
            Status::Created | Status::Exited => StateBefore::Stopped,
        },
    }
}

/// What a container shows. `machine` is how clients reach Docker's machine, where that is another one.
pub fn container(report: &mut Report, container: &Container, machine: Option<&str>) {
    let spec = container.effective_spec();
    report.container_id = Some(container.id.clone());
    report.node_name = Some(spec.node_name.clone());
    report.endpoint = Some(spec.endpoint_at(machine));
    report.published = machine.is_none().then(|| spec.published());
    report.needs_tunnel = machine.is_some();
    report.port = Some(spec.port);
    report.image = Some(spec.image.clone());
    report.image_id = Some(container.image_id.clone());
    report.created_at.clone_from(&container.created_at);
    report.started_at.clone_from(&container.started_at);
    report.confinement = Some(confinement(container.privileged));
    report.spec = Some(spec);
}

/// How a container is confined.
pub fn confinement(privileged: bool) -> String {
    if privileged { "privileged" } else { "caps" }.to_owned()
}

/// The file of a backup, by what was counted.
pub fn backup(file: &str, counted: &Counted) -> BackupField {
    BackupField {
        file: file.to_owned(),
        gateway: counted.manifest.gateway.clone(),
        entries: counted.entries,
        volume_bytes: counted.bytes,
        left_out: counted.manifest.left_out.clone(),
    }
}
