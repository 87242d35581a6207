//! Sandboxes and the tunnels to them.

use std::net::Ipv4Addr;

use reference_gateway::api::{CreateRequest, CreateResponse, DeleteRequest, ListRequest, State};
use reference_gateway::client::{GatewayClient, TunnelError};
use serde_json::{Value, json};

use crate::kubernetes::Kubernetes;
use crate::process::{Gateway, eventually, secret};
use crate::sandbox;

struct World {
    kubernetes: Kubernetes,
    client: GatewayClient,
    _gateway: Gateway,
}

impl World {
    async fn new() -> Self {
        let kubernetes = Kubernetes::start().await;
        let gateway = Gateway::plain(Some(&kubernetes.url));
        let client = gateway.client(None);
        Self {
            kubernetes,
            client,
            _gateway: gateway,
        }
    }

    async fn create(&self, name: &str) -> CreateResponse {
        let request = CreateRequest {
            name: name.to_owned(),
            image: String::new(),
        };
        self.client
            .sandboxes()
            .await
            .unwrap()
            .create(request)
            .await
            .unwrap()
            .into_inner()
    }

    /// A sandbox whose pod exists.
    async fn sandbox(&self) -> CreateResponse {
        let made = self.create("").await;
        eventually("the controller makes the pod", async || {
            self.kubernetes.pod(&made.name).is_some()
        })
        .await;
        made
    }

    fn ready_at(&self, name: &str, address: Ipv4Addr) {
        self.kubernetes.set_pod_status(name, ready(address));
    }

    async fn status(&self, id: &str, token: &str) -> u16 {
        match self.client.open_tunnel(id, token).await {
            Ok(_) => 200,
            Err(TunnelError::Denied(status, _)) => status.as_u16(),
            Err(error @ TunnelError::Failed(_)) => panic!("{error}"),
        }
    }

    async fn states(&self) -> Vec<(String, State)> {
        let listed = self
            .client
            .sandboxes()
            .await
            .unwrap()
            .list(ListRequest {})
            .await
            .unwrap();
        listed
            .into_inner()
            .sandboxes
            .into_iter()
            .map(|one| (one.name.clone(), one.state()))
            .collect()
    }
}

fn ready(address: Ipv4Addr) -> Value {
    let conditions = json!([{ "type": "Ready", "status": "True" }]);
    json!({ "phase": "Running", "podIP": address.to_string(), "conditions": conditions })
}

#[tokio::test]
async fn a_sandbox_is_made_reached_listed_and_deleted() {
    let world = World::new().await;
    let made = world.create("box").await;
    let again = CreateRequest {
        name: "box".to_owned(),
        image: String::new(),
    };
    let refused = world
        .client
        .sandboxes()
        .await
        .unwrap()
        .create(again)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), tonic::Code::AlreadyExists);
    eventually("the controller makes the pod", async || {
        world.kubernetes.pod("box").is_some()
    })
    .await;
    assert!(world.kubernetes.has_claim("workspace-box"));
    assert_eq!(world.states().await, [("box".to_owned(), State::Starting)]);
    assert_eq!(world.status(&made.id, &made.token).await, 412);

    let address = sandbox::address();
    sandbox::serve(address, &secret(), || {}).await;
    world.ready_at("box", address);
    assert_eq!(world.states().await, [("box".to_owned(), State::Ready)]);
    let mut tunnel = world.client.open_tunnel(&made.id, &made.token).await.unwrap();
    assert_eq!(tunnel.keep("hello").await.unwrap(), "hello");
    assert_eq!(world.status(&made.id, "another").await, 401);
    assert_eq!(world.status("another", &made.token).await, 404);

    let request = DeleteRequest { id: made.id.clone() };
    world
        .client
        .sandboxes()
        .await
        .unwrap()
        .delete(request.clone())
        .await
        .unwrap();
    assert_eq!(world.states().await, []);
    assert_eq!(world.status(&made.id, &made.token).await, 404);
    let gone = world
        .client
        .sandboxes()
        .await
        .unwrap()
        .delete(request)
        .await
        .unwrap_err();
    assert_eq!(gone.code(), tonic::Code::NotFound);
}

#[tokio::test]
async fn a_pod_that_is_missing_is_made_again() {
    let world = World::new().await;
    let made = world.sandbox().await;
    let first = world.kubernetes.pod(&made.name).unwrap()["metadata"]["uid"].clone();
    world.kubernetes.remove_pod(&made.name);
    eventually("the pod is made again", async || {
        world.kubernetes.pod(&made.name).is_some()
    })
    .await;
    assert_ne!(
        world.kubernetes.pod(&made.name).unwrap()["metadata"]["uid"],
        first
    );
    world
        .kubernetes
        .set_pod_status(&made.name, json!({ "phase": "Failed" }));
    eventually("a failed pod is replaced", async || {
        world
            .kubernetes
            .pod(&made.name)
            .is_some_and(|pod| pod["status"]["phase"] != "Failed")
    })
    .await;
}

#[tokio::test]
async fn a_sandbox_with_another_secret_cannot_be_reached() {
    let world = World::new().await;
    let made = world.sandbox().await;
    let address = sandbox::address();
    sandbox::serve(address, &"f".repeat(64), || {}).await;
    world.ready_at(&made.name, address);
    assert_eq!(world.status(&made.id, &made.token).await, 502);
}

#[tokio::test]
async fn a_pod_that_is_ready_and_does_not_answer_is_unreachable() {
    let world = World::new().await;
    let made = world.sandbox().await;
    world.ready_at(&made.name, sandbox::address());
    assert_eq!(world.status(&made.id, &made.token).await, 502);
}

#[tokio::test]
async fn who_took_over_an_old_address_does_not_hide_the_sandbox() {
    let world = World::new().await;
    let made = world.sandbox().await;
    let (old, new) = (sandbox::address(), sandbox::address());
    sandbox::serve(new, &secret(), || {}).await;
    let (kubernetes, name) = (world.kubernetes.clone(), made.name.clone());
    sandbox::serve(old, &"f".repeat(64), move || {
        kubernetes.set_pod_status(&name, ready(new))
    })
    .await;
    world.ready_at(&made.name, old);
    assert_eq!(world.status(&made.id, &made.token).await, 200);
}

#[tokio::test]
async fn the_sixty_fifth_tunnel_is_too_many() {
    let world = World::new().await;
    let made = world.sandbox().await;
    let address = sandbox::address();
    sandbox::serve(address, &secret(), || {}).await;
    world.ready_at(&made.name, address);
    let mut open = Vec::new();
    for _ in 0..64 {
        open.push(world.client.open_tunnel(&made.id, &made.token).await.unwrap());
    }
    assert_eq!(world.status(&made.id, &made.token).await, 429);
    assert_eq!(open[0].keep("still there").await.unwrap(), "still there");
    drop(open);
    eventually("places are free again", async || {
        world.status(&made.id, &made.token).await == 200
    })
    .await;
}
