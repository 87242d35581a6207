//! Reads the cluster, and does what the plan says.

use std::collections::HashSet;
use std::convert::Infallible;
use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures_util::StreamExt;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::api::storage::v1::StorageClass;
use kube::api::{DeleteParams, ListParams, PostParams, Preconditions};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::watcher;
use kube::{Api, Client, Config, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::Notify;

use crate::folder;
use crate::plan::{Observed, Step, plan};

/// How long to wait after an error; the API server is young when this program starts.
const PAUSE: Duration = Duration::from_millis(500);
/// Everything is looked at this often even where no watch says that it changed.
const RESYNC: Duration = Duration::from_secs(60);

/// Runs for ever; the error says why it cannot begin.
pub async fn provision(kubeconfig: &Path, node: &str, storage: &Path) -> anyhow::Result<Infallible> {
    let kubeconfig = Kubeconfig::read_from(kubeconfig).with_context(|| kubeconfig.display().to_string())?;
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    config.connect_timeout = Some(Duration::from_secs(2));
    let client = Client::try_from(config)?;
    let changed = Arc::new(Notify::new());
    watch::<PersistentVolumeClaim>(client.clone(), Arc::clone(&changed));
    watch::<PersistentVolume>(client.clone(), Arc::clone(&changed));
    watch::<StorageClass>(client.clone(), Arc::clone(&changed));
    let mut provisioner = Provisioner {
        client,
        node,
        storage,
        refused: HashSet::new(),
    };
    let mut last_error = String::new();
    loop {
        match provisioner.pass().await {
            Ok(()) => {
                last_error.clear();
                let _ = tokio::time::timeout(RESYNC, changed.notified()).await;
            }
            Err(error) => {
                let text = format!("{error:#}");
                if text != last_error {
                    eprintln!("local-path: {text}");
                    last_error = text;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn watch<K>(client: Client, changed: Arc<Notify>)
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
{
    tokio::spawn(async move {
        let mut events = std::pin::pin!(watcher(Api::<K>::all(client), watcher::Config::default()));
        while let Some(event) = events.next().await {
            match event {
                Ok(_) => changed.notify_one(),
                // The watcher starts again by itself; the passes of the meantime report what is wrong.
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    });
}

struct Provisioner<'a> {
    client: Client,
    node: &'a str,
    storage: &'a Path,
    refused: HashSet<String>,
}

impl Provisioner<'_> {
    async fn pass(&mut self) -> anyhow::Result<()> {
        let everything = ListParams::default();
        let volumes: Api<PersistentVolume> = Api::all(self.client.clone());
        let observed = Observed {
            volumes: volumes.list(&everything).await.context("volumes")?.items,
            claims: Api::all(self.client.clone())
                .list(&everything)
                .await
                .context("claims")?
                .items,
            classes: Api::all(self.client.clone())
                .list(&everything)
                .await
                .context("classes")?
                .items,
        };
        for step in plan(&observed, self.node, self.storage) {
            match step {
                Step::Provision { folder, volume } => {
                    folder::make(&folder)?;
                    match volumes.create(&PostParams::default(), &volume).await {
                        Ok(_) => eprintln!("local-path: made {}", folder.display()),
                        Err(kube::Error::Api(status)) if status.code == 409 => {}
                        Err(error) => return Err(error).context("a new volume"),
                    }
                }
                Step::Remove { folder, name, uid } => self.remove(&volumes, &folder, &name, uid).await?,
                Step::Refuse { claim, cause } => {
                    if self.refused.insert(format!("{claim}: {cause}")) {
                        eprintln!("local-path: {claim}: {cause}");
                    }
                }
            }
        }
        Ok(())
    }

    async fn remove(
        &self,
        volumes: &Api<PersistentVolume>,
        path: &Path,
        name: &str,
        uid: String,
    ) -> anyhow::Result<()> {
        let removed = path.to_owned();
        tokio::task::spawn_blocking(move || folder::remove(&removed)).await??;
        let same = Preconditions {
            uid: Some(uid),
            resource_version: None,
        };
        match volumes
            .delete(name, &DeleteParams::default().preconditions(same))
            .await
        {
            Ok(_) => eprintln!("local-path: removed {}", path.display()),
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => {}
            Err(error) => return Err(error).context("a released volume"),
        }
        Ok(())
    }
}
