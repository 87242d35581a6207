//! The calls of users about sandboxes.

use std::collections::HashMap;

use kube_session::{Trouble, classify, explain};
use prost::Message;
use reference_base::api::{
    CreateSandboxRequest, CreateSshSessionRequest, CreateSshSessionResponse, DeleteSandboxRequest,
    DeleteSandboxResponse, DeletionOutcome, ListSandboxesRequest, ListSandboxesResponse, Sandbox,
    SandboxPhase, SandboxStatus,
};
use reference_base::client::WORKSPACE;
use reference_base::datamodel::workspace_selector::Selection;
use reference_base::datamodel::{ObjectMeta, WorkspaceSelector};
use reference_base::log::{self, Level};
use tonic::Status;

use crate::cluster::Deleted;
use crate::objects;
use crate::phase::Phase;
use crate::store::Record;
use crate::world::World;

/// The longest name: `workspace-NAME` and what storage classes add stay DNS labels.
const LONGEST_NAME: usize = 40;
/// How many sandboxes a page has if nobody asks for less.
const LONGEST_PAGE: usize = 1000;

/// Makes a record and an object.
pub async fn create(world: &World, request: CreateSandboxRequest) -> Result<Record, Status> {
    let workspace = workspace(request.workspace_scope.as_ref())?;
    let id = uuid::Uuid::new_v4().to_string();
    let name = match request.name {
        name if name.is_empty() => format!("sandbox-{}", &id[..8]),
        name => name,
    };
    if !is_name(&name) {
        let message = format!(
            "'{}' is not a name for a sandbox: it must be a DNS label of at most {LONGEST_NAME} characters",
            name.escape_debug()
        );
        return Err(Status::invalid_argument(message));
    }
    let created = std::time::SystemTime::now();
    let metadata = ObjectMeta {
        id: id.clone(),
        name: name.clone(),
        workspace: workspace.clone(),
        labels: request.labels,
        created_time: Some(created.into()),
        ..ObjectMeta::default()
    };
    let record = Record {
        object: objects::name(world.settings.generation, &workspace, &name),
        id,
        workspace,
        name,
        phase: Phase::Provisioning,
        exit_code: None,
        created_at: jiff::Timestamp::now().to_string(),
        message: Sandbox {
            metadata: Some(metadata),
            spec: Some(request.spec.unwrap_or_default()),
            status: None,
        },
    };
    let object = objects::sandbox(
        &record,
        &world.settings,
        world.secret.as_ref(),
        world.cluster.version,
    );
    let object = object.map_err(|error| internal(&error))?;
    if !world.store.insert(&record).map_err(|error| internal(&error))? {
        return Err(name_taken(&record.name));
    }
    if let Err(error) = world.cluster.create(&object).await {
        return Err(undo(world, &record, &error).await);
    }
    log::write(
        Level::Info,
        format_args!("sandbox {} made ({})", record.name, record.id),
    );
    Ok(record)
}

/// Takes back what a failed create left; what may still exist stays on the list, so that it can be deleted.
async fn undo(world: &World, record: &Record, error: &kube::Error) -> Status {
    let taken = classify(error, "") == Trouble::Exists;
    let nothing_left = taken || matches!(world.cluster.delete(&record.object).await, Ok(Deleted::Gone));
    if nothing_left && let Err(error) = world.store.remove(&record.id) {
        log::write(Level::Error, format_args!("sandbox {}: {error:#}", record.name));
    }
    if taken {
        name_taken(&record.name)
    } else {
        failed(error)
    }
}

/// The sandbox that a request names.
pub fn named(world: &World, scope: Option<&WorkspaceSelector>, name: &str) -> Result<Record, Status> {
    let found = world.store.named(&workspace(scope)?, name);
    found
        .map_err(|error| internal(&error))?
        .ok_or_else(|| Status::not_found(format!("there is no sandbox named {}", name.escape_debug())))
}

/// All sandboxes that a request asks for, page by page.
pub fn list(world: &World, request: &ListSandboxesRequest) -> Result<ListSandboxesResponse, Status> {
    workspace_of_bytes(&request.workspace_scope)?;
    let wanted = labels(&request.label_selector)?;
    let first: usize = match request.page_token.as_str() {
        "" => 0,
        token => token
            .parse()
            .map_err(|_| Status::invalid_argument("page_token is not one of this server's"))?,
    };
    let length = match usize::try_from(request.page_size) {
        Ok(length) if length > 0 => length.min(LONGEST_PAGE),
        _ => LONGEST_PAGE,
    };
    let mut records = world.store.list().map_err(|error| internal(&error))?;
    records.retain(|record| {
        let has = record.message.metadata.as_ref().map(|metadata| &metadata.labels);
        wanted
            .iter()
            .all(|(key, value)| has.and_then(|has| has.get(key)) == Some(value))
    });
    let next = first.saturating_add(length);
    let next_page_token = if next < records.len() {
        next.to_string()
    } else {
        String::new()
    };
    Ok(ListSandboxesResponse {
        sandboxes: records.into_iter().skip(first).take(length).map(told).collect(),
        next_page_token,
    })
}

/// Deletes an object and its record.
pub async fn delete(world: &World, request: &DeleteSandboxRequest) -> Result<DeleteSandboxResponse, Status> {
    let answer = |outcome: DeletionOutcome, sandbox_id: String| DeleteSandboxResponse {
        outcome: outcome.into(),
        sandbox_id,
    };
    let record = match named(world, request.workspace_scope.as_ref(), &request.name) {
        Ok(record) => record,
        Err(status) if request.allow_missing && status.code() == tonic::Code::NotFound => {
            return Ok(answer(DeletionOutcome::AlreadyAbsent, String::new()));
        }
        Err(status) => return Err(status),
    };
    let deleted = world
        .cluster
        .delete(&record.object)
        .await
        .map_err(|error| failed(&error))?;
    let kept = match deleted {
        Deleted::Gone => world.store.remove(&record.id),
        Deleted::Going => world
            .store
            .change_phase(&record.id, |_| Phase::Deleting)
            .map(drop),
    };
    kept.map_err(|error| internal(&error))?;
    log::write(
        Level::Info,
        format_args!("sandbox {} deleted ({})", record.name, record.id),
    );
    let outcome = match deleted {
        Deleted::Gone => DeletionOutcome::Completed,
        Deleted::Going => DeletionOutcome::Accepted,
    };
    Ok(answer(outcome, record.id))
}

/// Starts or stops a sandbox. Neither is possible in phase Error.
pub async fn set_running(world: &World, record: &Record, running: bool) -> Result<Record, Status> {
    let (wanted, done): (Phase, &[Phase]) = if running {
        (
            Phase::Starting,
            &[Phase::Starting, Phase::Provisioning, Phase::Ready],
        )
    } else {
        (Phase::Stopping, &[Phase::Stopping, Phase::Stopped])
    };
    if [Phase::Error, Phase::Deleting].contains(&record.phase) {
        let verb = if running { "started" } else { "stopped" };
        let message = format!(
            "sandbox {} is in phase {} and cannot be {verb}",
            record.name, record.phase
        );
        return Err(Status::failed_precondition(message));
    }
    if !done.contains(&record.phase) {
        // First the record: what the object says next belongs to what was asked for.
        let before = record.phase;
        let change = world.store.change_phase(&record.id, |_| wanted);
        change.map_err(|error| internal(&error))?;
        if let Err(error) = world.cluster.set_running(&record.object, running).await {
            let back = |now| if now == wanted { before } else { now };
            let change = world.store.change_phase(&record.id, back);
            change.map_err(|error| internal(&error))?;
            return Err(failed(&error));
        }
    }
    named_again(world, record)
}

fn named_again(world: &World, record: &Record) -> Result<Record, Status> {
    let found = world.store.find(&record.id).map_err(|error| internal(&error))?;
    found.ok_or_else(|| Status::not_found("the sandbox was deleted meanwhile"))
}

/// Makes a token for tunnels.
pub fn ssh_session(
    world: &World,
    request: &CreateSshSessionRequest,
) -> Result<CreateSshSessionResponse, Status> {
    let record = named(world, request.workspace_scope.as_ref(), &request.sandbox)?;
    let token = world
        .store
        .add_token(&record.id)
        .map_err(|error| internal(&error))?;
    Ok(CreateSshSessionResponse {
        sandbox_id: record.id,
        token,
        gateway_host: world.settings.ssh_gateway_host.clone(),
        gateway_port: world.settings.ssh_gateway_port.into(),
        gateway_scheme: String::new(),
    })
}

/// A record as clients see it.
pub fn told(record: Record) -> Sandbox {
    let status = SandboxStatus {
        agent_pod: record.object,
        phase: SandboxPhase::from(record.phase).into(),
        exit_code: record.exit_code,
        ..SandboxStatus::default()
    };
    Sandbox {
        status: Some(status),
        ..record.message
    }
}

/// This server has one workspace.
fn workspace(scope: Option<&WorkspaceSelector>) -> Result<String, Status> {
    match scope.and_then(|scope| scope.selection.as_ref()) {
        Some(Selection::Workspace(name)) if name != WORKSPACE => Err(Status::not_found(format!(
            "there is no workspace {}",
            name.escape_debug()
        ))),
        Some(Selection::AllWorkspaces(_)) => Err(Status::invalid_argument("one workspace must be named")),
        Some(Selection::Workspace(_)) | None => Ok(WORKSPACE.to_owned()),
    }
}

/// Older clients send a name where newer ones send a message.
fn workspace_of_bytes(scope: &[u8]) -> Result<(), Status> {
    let selection = match WorkspaceSelector::decode(scope) {
        Ok(selector) => selector.selection,
        Err(_) => Some(Selection::Workspace(String::from_utf8_lossy(scope).into_owned())),
    };
    match selection {
        Some(Selection::AllWorkspaces(_)) => Ok(()),
        selection => workspace(Some(&WorkspaceSelector { selection })).map(drop),
    }
}

fn labels(selector: &str) -> Result<HashMap<String, String>, Status> {
    let parts = selector.split(',').map(str::trim).filter(|part| !part.is_empty());
    let pairs = parts.map(|part| {
        let (key, value) = part.split_once('=')?;
        Some((
            key.trim().to_owned(),
            value.trim_start_matches('=').trim().to_owned(),
        ))
    });
    pairs
        .collect::<Option<_>>()
        .ok_or_else(|| Status::invalid_argument("label_selector: only KEY=VALUE,... is served"))
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty()
        && name.len() <= LONGEST_NAME
        && name.bytes().all(allowed)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

fn name_taken(name: &str) -> Status {
    Status::already_exists(format!("a sandbox named {name} exists; choose another name"))
}

fn failed(error: &kube::Error) -> Status {
    Status::unavailable(format!("Kubernetes: {}", explain(error)))
}

fn internal(error: &anyhow::Error) -> Status {
    Status::internal(format!("{error:#}"))
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_NAME, is_name, labels, workspace_of_bytes};
    use prost::Message;
    use reference_base::client::workspace;
    use reference_base::datamodel::workspace_selector::Selection;
    use reference_base::datamodel::{AllWorkspaces, WorkspaceSelector};

    #[test]
    fn names_are_dns_labels() {
        let longest = "a".repeat(LONGEST_NAME);
        for name in ["a", "0", "a-b", &longest] {
            assert!(is_name(name), "{name}");
        }
        let too_long = "a".repeat(LONGEST_NAME + 1);
        for name in ["", "-a", "a-", "A", "a.b", "a_b", "\u{e4}", "a\n", &too_long] {
            assert!(!is_name(name), "{name:?}");
        }
    }

    #[test]
    fn a_workspace_is_read_from_either_generation_of_clients() {
        let all = WorkspaceSelector {
            selection: Some(Selection::AllWorkspaces(AllWorkspaces {})),
        };
        let newer = workspace().unwrap_or_default().encode_to_vec();
        for scope in [&newer[..], &all.encode_to_vec(), b"default", b""] {
            assert!(workspace_of_bytes(scope).is_ok(), "{scope:?}");
        }
        for scope in [&b"other"[..], b"\x0a\x05other"] {
            assert_eq!(
                workspace_of_bytes(scope).unwrap_err().code(),
                tonic::Code::NotFound,
                "{scope:?}"
            );
        }
    }

    #[test]
    fn label_selectors_are_equalities() {
        assert_eq!(labels("").unwrap().len(), 0);
        let both = labels("a=1, b==2").unwrap();
        assert_eq!((both["a"].as_str(), both["b"].as_str()), ("1", "2"));
        assert!(labels("a in (1)").is_err());
    }
}
