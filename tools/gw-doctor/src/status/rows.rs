//! The rows of the table: pure functions of the documents.

use gw_detect::report::{ClusterField, Report as Detected};
use gw_detect::state::{Advice, State};
use gw_wait::report::{SandboxField, SandboxesField};
use jiff::Timestamp;

use super::Looks;
use crate::spelling::driver;
use crate::text::UNKNOWN;

type Row = (String, String);

/// Names and values. `colour` gives the number of a state's ANSI colour.
pub fn rows(
    detected: &Detected,
    looks: &Looks<'_>,
    colour: impl Fn(State) -> Option<u8>,
    now: Timestamp,
) -> Vec<Row> {
    let state = detected.state.map_or(UNKNOWN.to_owned(), |state| {
        let word = state.word();
        colour(state).map_or(word.to_owned(), |number| {
            format!("\u{1b}[{number}m{word}\u{1b}[0m")
        })
    });
    let mut rows = vec![
        row("gateway", known(detected.gateway.as_deref())),
        row("state", state),
        row("endpoint", endpoint(detected)),
    ];
    match &detected.cluster {
        Some(cluster) => rows.extend(of_cluster(cluster)),
        None => rows.extend(of_container(detected, now)),
    }
    let fingerprint = looks.secret.and_then(|secret| secret.fingerprint.as_deref());
    rows.push(row("certificates", certificates(looks)));
    rows.push(row("secret", known(fingerprint)));
    rows.push(row(
        "sandboxes",
        known(looks.sandboxes.map(|sandboxes| sandboxes.summary.as_str())),
    ));
    rows.extend(looks.sandboxes.into_iter().flat_map(of_sandboxes));
    let folder = detected.client_files.folder.as_deref();
    rows.push(row("client files", known(folder)));
    rows.push(row("next", next(detected)));
    rows.extend(
        detected
            .conflicts
            .iter()
            .map(|conflict| row("conflict", conflict)),
    );
    rows
}

fn row(name: &str, value: impl Into<String>) -> Row {
    (name.to_owned(), value.into())
}

fn known(value: Option<&str>) -> String {
    value.unwrap_or(UNKNOWN).to_owned()
}

fn endpoint(detected: &Detected) -> String {
    let endpoint = known(detected.endpoint.as_deref());
    let cluster = detected.cluster.as_ref();
    match cluster.and_then(|cluster| cluster.endpoint_of.as_deref()) {
        Some(of) => format!("{endpoint}, by {of}"),
        None => endpoint,
    }
}

fn of_cluster(cluster: &ClusterField) -> Vec<Row> {
    let server = cluster.server.as_ref();
    let ready = server.map(|server| {
        format!(
            "{}, {} of {} ready",
            server.workload, server.ready, server.replicas
        )
    });
    vec![
        row("context", known(cluster.context.as_deref())),
        row("namespace", &cluster.namespace),
        row("server", known(ready.as_deref())),
        row("image", known(server.and_then(|server| server.image.as_deref()))),
    ]
}

fn of_container(detected: &Detected, now: Timestamp) -> Vec<Row> {
    let container = detected.container.as_ref();
    let image = container.map(|container| container.image.as_str());
    let kept = detected.spec.as_ref().map(|spec| spec.image.as_str());
    let node = container.map(|container| container.node_name.as_str());
    let started = container.and_then(|container| container.started_at.as_deref());
    let volume = detected.volume.name.as_deref();
    let network = detected.network.name.as_deref();
    vec![
        row("image", known(image.or(kept))),
        row(
            "container",
            known(container.map(|container| container.name.as_str())),
        ),
        row(
            "started",
            started.map_or(UNKNOWN.to_owned(), |time| since(time, now)),
        ),
        row("node", known(node.or(detected.volume.node_name.as_deref()))),
        row("volume", known(volume.filter(|_| detected.volume.exists))),
        row("network", known(network.filter(|_| detected.network.exists))),
    ]
}

fn since(time: &str, now: Timestamp) -> String {
    let Ok(started) = time.parse::<Timestamp>() else {
        return time.to_owned();
    };
    let seconds = now.duration_since(started).as_secs();
    format!("{time}, {} ago", span(u64::try_from(seconds).unwrap_or(0)))
}

/// A length of time in the unit that fits it.
fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn certificates(looks: &Looks<'_>) -> String {
    let Some(pki) = looks.pki else {
        return UNKNOWN.to_owned();
    };
    let days = pki.certificates.iter().filter_map(|certificate| {
        let name = certificate.secret.trim_start_matches("openshell-");
        certificate.days_left.map(|days| format!("{name} {days} days"))
    });
    days.collect::<Vec<_>>().join(", ")
}

/// A row for each. Namespaces are named where there are several.
fn of_sandboxes(sandboxes: &SandboxesField) -> Vec<Row> {
    let all = &sandboxes.list;
    let are_spread = all.iter().any(|one| one.namespace != all[0].namespace);
    let name = |one: &SandboxField| match are_spread {
        true => format!("  {}/{}", one.namespace, one.name),
        false => format!("  {}", one.name),
    };
    all.iter().map(|one| (name(one), sandbox(one))).collect()
}

fn sandbox(one: &SandboxField) -> String {
    let parts = [
        Some(one.phase.word().to_owned()),
        one.age_seconds.map(|age| format!("{} old", span(age))),
        one.pod.as_ref().map(|pod| format!("pod {pod}")),
        one.pvc.as_ref().map(|claim| format!("PVC {claim}")),
    ];
    let told = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    match &one.cause {
        Some(cause) => format!("{told}; {}", cause.detail),
        None => told,
    }
}

/// What to do, why, and what to type for it.
fn next(detected: &Detected) -> String {
    let recommended = &detected.recommended;
    let verb = match recommended.action {
        Advice::Create | Advice::Resume | Advice::RepairNetwork | Advice::ReplaceContainer => Some("start"),
        Advice::Forward => Some("forward"),
        Advice::Wait | Advice::Ask => Some("doctor"),
        Advice::None => None,
    };
    let named = verb.zip(detected.gateway.as_deref());
    let typed = named.map_or(String::new(), |(verb, gateway)| {
        format!("; {}", driver(&format!("{verb} --gateway {gateway}")))
    });
    format!("{}: {}{typed}", recommended.action.word(), recommended.reason)
}
