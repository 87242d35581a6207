//! The gRPC service for sandboxes.

use std::collections::HashMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, DynamicObject, ListParams, PostParams};
use kube::{Api, Client};
use kube_session::{Trouble, classify, explain};
use nssh1::Secret;
use tonic::{Request, Response, Status};

use crate::api::sandboxes_server::Sandboxes;
use crate::api::{
    CreateRequest, CreateResponse, DeleteRequest, DeleteResponse, ListRequest, ListResponse, Sandbox, State,
};
use crate::connect::address;
use crate::log::{self, Level};
use crate::objects;
use crate::settings::SandboxSettings;
use crate::store::{Record, Store, token_sha256};

/// The longest name: `workspace-NAME` and what storage classes add stay DNS labels.
const LONGEST_NAME: usize = 40;

/// The service.
pub struct SandboxService {
    store: Arc<Store>,
    settings: SandboxSettings,
    secret: Secret,
    sandboxes: Api<DynamicObject>,
    pods: Api<Pod>,
}

impl SandboxService {
    /// New sandboxes get `secret` as their handshake secret.
    pub fn new(store: Arc<Store>, settings: SandboxSettings, secret: Secret, client: Client) -> Self {
        let resource = objects::sandbox_resource();
        let sandboxes = Api::namespaced_with(client.clone(), &settings.namespace, &resource);
        let pods = Api::namespaced(client, &settings.namespace);
        Self {
            store,
            settings,
            secret,
            sandboxes,
            pods,
        }
    }

    /// Takes back what a failed create left; what may still exist stays on the list, so that it can be deleted.
    async fn undo(&self, record: &Record, error: &kube::Error) -> Status {
        let status = failed(error);
        let taken = classify(error, "") == Trouble::Exists;
        let nothing_left = taken || self.delete_object(&record.name).await.is_ok();
        let removed = if nothing_left {
            self.store.remove(&record.id)
        } else {
            Ok(())
        };
        if let Err(error) = removed {
            log::write(Level::Error, format_args!("sandbox {}: {error:#}", record.name));
        }
        if taken { name_taken(&record.name) } else { status }
    }

    async fn delete_object(&self, name: &str) -> Result<(), kube::Error> {
        match self.sandboxes.delete(name, &DeleteParams::background()).await {
            Ok(_) => Ok(()),
            Err(error) if classify(&error, name) == Trouble::Absent => Ok(()),
            Err(error) => Err(error),
        }
    }
}

#[tonic::async_trait]
impl Sandboxes for SandboxService {
    async fn create(&self, request: Request<CreateRequest>) -> Result<Response<CreateResponse>, Status> {
        let CreateRequest { name, image } = request.into_inner();
        let id = uuid::Uuid::new_v4().to_string();
        let name = if name.is_empty() {
            format!("sandbox-{}", &id[..8])
        } else {
            name
        };
        if !is_name(&name) {
            let message = format!(
                "'{}' is no name for a sandbox: a DNS label of at most {LONGEST_NAME} is",
                name.escape_debug()
            );
            return Err(Status::invalid_argument(message));
        }
        let image = if image.is_empty() {
            self.settings.image.clone()
        } else {
            image
        };
        let token: String = rand::random::<[u8; 32]>()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let record = Record {
            id,
            name,
            token_sha256: token_sha256(&token),
            created_at: jiff::Timestamp::now().to_string(),
        };
        let object = objects::sandbox(&record, &image, &self.settings, &self.secret).map_err(broken)?;
        if !self.store.insert(&record).map_err(broken)? {
            return Err(name_taken(&record.name));
        }
        if let Err(error) = self.sandboxes.create(&PostParams::default(), &object).await {
            return Err(self.undo(&record, &error).await);
        }
        log::write(
            Level::Info,
            format_args!("sandbox {} made ({})", record.name, record.id),
        );
        Ok(Response::new(CreateResponse {
            id: record.id,
            name: record.name,
            token,
            ssh_gateway_host: self.settings.ssh_gateway_host.clone(),
            ssh_gateway_port: self.settings.ssh_gateway_port.into(),
        }))
    }

    async fn list(&self, _: Request<ListRequest>) -> Result<Response<ListResponse>, Status> {
        let selection =
            ListParams::default().labels(&format!("{}={}", objects::MANAGED_BY_LABEL, objects::MANAGED_BY));
        let known = self
            .sandboxes
            .list(&selection)
            .await
            .map_err(|error| failed(&error))?;
        let pods = self.pods.list(&selection).await.map_err(|error| failed(&error))?;
        let by_id =
            |metadata: &kube::api::ObjectMeta| metadata.labels.as_ref()?.get(objects::ID_LABEL).cloned();
        let known: Vec<String> = known
            .items
            .iter()
            .filter_map(|object| by_id(&object.metadata))
            .collect();
        let pods: HashMap<String, Pod> = pods
            .items
            .into_iter()
            .filter_map(|pod| Some((by_id(&pod.metadata)?, pod)))
            .collect();
        let records = self.store.list().map_err(broken)?;
        let sandboxes = records.into_iter().map(|record| {
            let state = state_of(known.contains(&record.id), pods.get(&record.id), &record.id);
            Sandbox {
                id: record.id,
                name: record.name,
                created_at: record.created_at,
                state: state.into(),
            }
        });
        Ok(Response::new(ListResponse {
            sandboxes: sandboxes.collect(),
        }))
    }

    async fn delete(&self, request: Request<DeleteRequest>) -> Result<Response<DeleteResponse>, Status> {
        let id = request.into_inner().id;
        let record = self.store.find(&id).map_err(broken)?;
        let record = record
            .ok_or_else(|| Status::not_found(format!("no sandbox has the id {}", id.escape_debug())))?;
        self.delete_object(&record.name)
            .await
            .map_err(|error| failed(&error))?;
        self.store.remove(&id).map_err(broken)?;
        log::write(
            Level::Info,
            format_args!("sandbox {} deleted ({id})", record.name),
        );
        Ok(Response::new(DeleteResponse {}))
    }
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty()
        && name.len() <= LONGEST_NAME
        && name.bytes().all(allowed)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

fn state_of(known: bool, pod: Option<&Pod>, id: &str) -> State {
    match (known, address(pod, id)) {
        (false, _) => State::Missing,
        (true, Ok(_)) => State::Ready,
        (true, Err(_)) => State::Starting,
    }
}

fn name_taken(name: &str) -> Status {
    Status::already_exists(format!("a sandbox named {name} exists; choose another name"))
}

fn failed(error: &kube::Error) -> Status {
    Status::unavailable(format!("Kubernetes: {}", explain(error)))
}

fn broken(error: anyhow::Error) -> Status {
    Status::internal(format!("{error:#}"))
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_NAME, is_name, state_of};
    use crate::api::State;

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
    fn a_sandbox_without_its_object_is_missing() {
        assert_eq!(state_of(false, None, "i"), State::Missing);
        assert_eq!(state_of(true, None, "i"), State::Starting);
    }
}
