//! Tunnels to sandboxes. The controller is the real one; pods do not run.

use std::net::Ipv4Addr;

use reference_base::api::SandboxPhase;
use reference_base::client::{Reachable, TunnelError};
use serde_json::{Value, json};

use crate::process::{eventually, secret};
use crate::sandbox;
use crate::whole::World;

impl World {
    /// A sandbox whose pod exists.
    async fn sandbox(&self) -> Reachable {
        let made = self.client().make_reachable("").await.unwrap();
        eventually("the controller makes the pod", async || {
            self.server.kubernetes.pod(&made.name).is_some()
        })
        .await;
        made
    }

    fn ready_at(&self, name: &str, address: Ipv4Addr) {
        self.server.kubernetes.set_pod_status(name, &ready(address));
    }

    async fn status(&self, id: &str, token: &str) -> u16 {
        match self.client().open_tunnel(id, token).await {
            Ok(_) => 200,
            Err(TunnelError::Denied(status, _)) => status.as_u16(),
            Err(error @ TunnelError::Failed(_)) => panic!("{error}"),
        }
    }
}

fn ready(address: Ipv4Addr) -> Value {
    let conditions = json!([{ "type": "Ready", "status": "True" }]);
    json!({ "phase": "Running", "podIP": address.to_string(), "conditions": conditions })
}

#[tokio::test]
async fn a_sandbox_is_made_reached_listed_and_deleted() {
    let world = World::without_sessions().await;
    let made = world.client().make_reachable("box").await.unwrap();
    let refused = world.client().make_sandbox("box").await.unwrap_err();
    let status = refused.downcast_ref::<tonic::Status>().expect("an answer");
    assert_eq!(status.code(), tonic::Code::AlreadyExists);
    eventually("the controller makes the pod", async || {
        world.server.kubernetes.pod("box").is_some()
    })
    .await;
    assert!(world.server.kubernetes.has_claim("workspace-box"));
    assert_eq!(
        world.client().phase("box").await.unwrap(),
        SandboxPhase::Provisioning
    );
    assert_eq!(world.status(&made.id, &made.token).await, 412);

    let address = sandbox::address();
    sandbox::serve(address, &secret(), || {}).await;
    world.ready_at("box", address);
    world.phase_becomes("box", SandboxPhase::Ready).await;
    let mut tunnel = world.client().open_tunnel(&made.id, &made.token).await.unwrap();
    assert_eq!(tunnel.keep("hello").await.unwrap(), "hello");
    assert_eq!(world.status(&made.id, "another").await, 401);
    assert_eq!(world.status("another", &made.token).await, 404);

    world.client().delete_sandbox("box").await.unwrap();
    assert_eq!(world.status(&made.id, &made.token).await, 404);
    assert!(world.server.kubernetes.sandbox("box").is_none());
    let gone = world.client().delete_sandbox("box").await.unwrap_err();
    let status = gone.downcast_ref::<tonic::Status>().expect("an answer");
    assert_eq!(status.code(), tonic::Code::NotFound);
}

#[tokio::test]
async fn a_pod_that_is_missing_is_made_again_and_a_failed_one_is_left() {
    let world = World::without_sessions().await;
    let made = world.sandbox().await;
    let kubernetes = &world.server.kubernetes;
    let uid = || {
        kubernetes
            .pod(&made.name)
            .map(|pod| pod["metadata"]["uid"].clone())
    };
    let first = uid();
    kubernetes.remove_pod(&made.name);
    eventually("the pod is made again", async || uid().is_some()).await;
    let second = uid();
    assert_ne!(second, first);
    kubernetes.set_pod_status(&made.name, &json!({ "phase": "Failed" }));
    world.phase_becomes(&made.name, SandboxPhase::Error).await;
    assert_eq!(uid(), second, "the failed pod is as it was");
}

#[tokio::test]
async fn a_sandbox_with_another_secret_cannot_be_reached() {
    let world = World::without_sessions().await;
    let made = world.sandbox().await;
    let address = sandbox::address();
    sandbox::serve(address, &"f".repeat(64), || {}).await;
    world.ready_at(&made.name, address);
    assert_eq!(world.status(&made.id, &made.token).await, 502);
}

#[tokio::test]
async fn a_pod_that_is_ready_and_does_not_answer_is_unreachable() {
    let world = World::without_sessions().await;
    let made = world.sandbox().await;
    world.ready_at(&made.name, sandbox::address());
    assert_eq!(world.status(&made.id, &made.token).await, 502);
}

#[tokio::test]
async fn who_took_over_an_old_address_does_not_hide_the_sandbox() {
    let world = World::without_sessions().await;
    let made = world.sandbox().await;
    let (old, new) = (sandbox::address(), sandbox::address());
    sandbox::serve(new, &secret(), || {}).await;
    let (kubernetes, name) = (world.server.kubernetes.clone(), made.name.clone());
    sandbox::serve(old, &"f".repeat(64), move || {
        kubernetes.set_pod_status(&name, &ready(new))
    })
    .await;
    world.ready_at(&made.name, old);
    assert_eq!(world.status(&made.id, &made.token).await, 200);
}

#[tokio::test]
async fn the_sixty_fifth_tunnel_is_too_many() {
    let world = World::without_sessions().await;
    let made = world.sandbox().await;
    let address = sandbox::address();
    sandbox::serve(address, &secret(), || {}).await;
    world.ready_at(&made.name, address);
    let mut open = Vec::new();
    for _ in 0..64 {
        open.push(world.client().open_tunnel(&made.id, &made.token).await.unwrap());
    }
    assert_eq!(world.status(&made.id, &made.token).await, 429);
    assert_eq!(open[0].keep("still there").await.unwrap(), "still there");
    drop(open);
    eventually("places are free again", async || {
        world.status(&made.id, &made.token).await == 200
    })
    .await;
}
