//! Sandboxes of the server that runs in a real cluster.
//!
//! `OPENSHELL_TEST_KUBECONFIG`: the cluster's kubeconfig. `OPENSHELL_TEST_ENDPOINT`: how the host reaches the gateway,
//! `https://HOST:PORT`. `OPENSHELL_TEST_CLIENT`: the folder with `ca.crt`, `tls.crt` and `tls.key`.

use std::path::Path;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::api::DeleteParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use reference_base::client::{ClientTls, GatewayClient, Reachable, Tunnel, TunnelError};

const PATIENCE: Duration = Duration::from_mins(3);
const PAUSE: Duration = Duration::from_millis(200);

struct Cluster {
    gateway: GatewayClient,
    kubernetes: Client,
}

async fn cluster() -> Option<Cluster> {
    let Ok(kubeconfig) = std::env::var("OPENSHELL_TEST_KUBECONFIG") else {
        println!("skipped: OPENSHELL_TEST_KUBECONFIG is not set");
        return None;
    };
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let tls = ClientTls::from_folder(Path::new(&variable("OPENSHELL_TEST_CLIENT"))).unwrap();
    let gateway = GatewayClient::new(&variable("OPENSHELL_TEST_ENDPOINT"), Some(tls)).unwrap();
    let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
        .await
        .unwrap();
    Some(Cluster {
        gateway,
        kubernetes: Client::try_from(config).unwrap(),
    })
}

/// Runs `test` with a new sandbox, which is deleted whatever comes of it.
async fn with_sandbox(test: impl AsyncFnOnce(&Cluster, &Reachable)) {
    let Some(cluster) = cluster().await else { return };
    let name = format!("test-{:08x}", rand::random::<u32>());
    let made = cluster.gateway.make_reachable(&name).await.unwrap();
    let outcome = std::panic::AssertUnwindSafe(test(&cluster, &made));
    let outcome = futures_util::FutureExt::catch_unwind(outcome).await;
    cluster.gateway.delete_sandbox(&made.name).await.unwrap();
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
    let pods: Api<Pod> = Api::namespaced(cluster.kubernetes.clone(), "openshell");
    let claims: Api<PersistentVolumeClaim> = Api::namespaced(cluster.kubernetes.clone(), "openshell");
    until("pod and claim are deleted with their sandbox", async || {
        let claim = format!("workspace-{}", made.name);
        pods.get_opt(&made.name).await.unwrap().is_none() && claims.get_opt(&claim).await.unwrap().is_none()
    })
    .await;
}

async fn until(what: &str, mut ask: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !ask().await {
        assert!(started.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

async fn tunnel(cluster: &Cluster, made: &Reachable) -> Tunnel {
    let started = Instant::now();
    loop {
        match cluster.gateway.open_tunnel(&made.id, &made.token).await {
            Ok(tunnel) => return tunnel,
            Err(TunnelError::Denied(status, _)) if status == 412 && started.elapsed() < PATIENCE => {
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn a_sandbox_keeps_lines_when_its_pod_is_made_again() {
    with_sandbox(async |cluster, made| {
        let mut first = tunnel(cluster, made).await;
        assert_eq!(first.keep("kept").await.unwrap(), "kept");
        let pods: Api<Pod> = Api::namespaced(cluster.kubernetes.clone(), "openshell");
        let before = pods.get(&made.name).await.unwrap().metadata.uid;
        pods.delete(&made.name, &DeleteParams::default()).await.unwrap();
        until("another pod", async || {
            let pod = pods.get_opt(&made.name).await.unwrap();
            pod.is_some_and(|pod| pod.metadata.uid != before)
        })
        .await;
        let mut second = tunnel(cluster, made).await;
        assert_eq!(second.kept().await.unwrap(), ["kept"]);
    })
    .await;
}

#[tokio::test]
async fn another_token_is_refused() {
    with_sandbox(async |cluster, made| {
        let denied = cluster.gateway.open_tunnel(&made.id, "another").await;
        assert!(matches!(denied, Err(TunnelError::Denied(status, _)) if status == 401));
    })
    .await;
}
