//! Follows the cluster's objects, and keeps the zone that they ask for.

use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures_util::StreamExt;
use hickory_server::proto::rr::Name;
use k8s_openapi::api::core::v1::{Endpoints, Service};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::reflector::{self, Store};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, Config, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::sync::{Notify, watch};

use crate::zone::Zone;

/// How long to wait after an error; the API server is young when this program starts.
const PAUSE: Duration = Duration::from_millis(500);

/// The zone as it is now; `None` until everything was listed once.
pub type Zones = watch::Receiver<Option<Arc<Zone>>>;

/// Begins to follow Services and Endpoints. Kubernetes 1.20 serves no EndpointSlices of version v1.
pub async fn follow(kubeconfig: &Path, domain: &Name) -> anyhow::Result<Zones> {
    let kubeconfig = Kubeconfig::read_from(kubeconfig).with_context(|| kubeconfig.display().to_string())?;
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    config.connect_timeout = Some(Duration::from_secs(2));
    let client = Client::try_from(config)?;
    let changed = Arc::new(Notify::new());
    let services: Store<Service> = reflect("Services", client.clone(), Arc::clone(&changed));
    let endpoints: Store<Endpoints> = reflect("Endpoints", client, Arc::clone(&changed));
    let (sender, zones) = watch::channel(None);
    let domain = domain.clone();
    tokio::spawn(async move {
        // Neither writer is ever dropped.
        let _ = tokio::join!(services.wait_until_ready(), endpoints.wait_until_ready());
        eprintln!("cluster-dns: the cluster's names are known");
        loop {
            sender.send_replace(Some(Arc::new(Zone::of(
                &domain,
                &services.state(),
                &endpoints.state(),
            ))));
            changed.notified().await;
        }
    });
    Ok(zones)
}

fn reflect<K>(kind: &'static str, client: Client, changed: Arc<Notify>) -> Store<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    let (store, writer) = reflector::store();
    tokio::spawn(async move {
        let events = watcher(Api::<K>::all(client), watcher::Config::default())
            .map(|event| event.map(|event| event.modify(|object| object.managed_fields_mut().clear())));
        let mut events = std::pin::pin!(reflector::reflector(writer, events));
        let mut last_error = String::new();
        while let Some(event) = events.next().await {
            match event {
                // A list that has begun may fail yet.
                Ok(Event::Init | Event::InitApply(_)) => {}
                Ok(_) => {
                    last_error.clear();
                    changed.notify_one();
                }
                Err(error) => {
                    let text = format!("{:#}", anyhow::Error::new(error));
                    if text != last_error {
                        eprintln!("cluster-dns: {kind}: {text}");
                        last_error = text;
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    });
    store
}
