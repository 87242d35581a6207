//! What a container is, in the document's words.

use contract::Draft;
use gateway_facts::Container;
use gateway_work::Work;
use gw_node::report::Report;

/// Shows which container was found, and where its gateway answers.
pub fn show(report: &Draft<Report>, work: &Work, container: &Container) {
    let spec = container.effective_spec();
    let machine = work.machine_address();
    report.update(|report| {
        report.container_id = Some(container.id.clone());
        report.endpoint = Some(spec.endpoint_at(machine));
        report.published = machine.is_none().then(|| spec.published());
        report.needs_tunnel = machine.is_some();
        report.node_name = Some(spec.node_name);
    });
}
