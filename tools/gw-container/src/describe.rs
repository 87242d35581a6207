//! What a container is, in the document's words.

use contract::Draft;
use gateway_facts::Container;
use gateway_work::Work;
use gw_container::report::Report;

/// Shows what a container is.
pub fn show(report: &Draft<Report>, work: &Work, container: &Container) {
    let machine = work.machine_address();
    report.update(|report| describe(report, container, machine));
}

/// What a container shows. `machine` is how clients reach Docker's machine, where that is another one.
fn describe(report: &mut Report, container: &Container, machine: Option<&str>) {
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
