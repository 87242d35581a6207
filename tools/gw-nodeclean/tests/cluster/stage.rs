//! Nodes that exist as objects only, with pods and volumes that are bound to them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use cluster_fixture::{Namespace, client, run_apart};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{
    ConfigMap, Node, PersistentVolume, PersistentVolumeClaim, Pod, Secret, ServiceAccount,
};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tool_document::{Run, check};

/// Every Lease that a test makes says this, unless it is renewed.
pub const LONG_AGO: &str = "2020-01-01T00:00:00.000000Z";
/// All that a test makes in the cluster carries it.
const LABEL: &str = "dev.openshell.test";

/// A namespace of the shared cluster, and objects of the cluster that are removed with it.
pub struct Stage {
    pub kubeconfig: PathBuf,
    pub namespace: Namespace,
    /// The node that lives.
    pub keep: String,
}

impl Stage {
    pub fn set(kubeconfig: PathBuf) -> Self {
        let keep = run_apart(async || {
            let nodes: Api<Node> = Api::all(client(&kubeconfig).await);
            let found = nodes.list(&ListParams::default()).await.expect("nodes").items;
            assert_eq!(found.len(), 1, "the shared cluster has one node of its own");
            found[0].metadata.name.clone().expect("a name")
        });
        let namespace = Namespace::make(&kubeconfig);
        run_apart(async || service_account(&kubeconfig, namespace.name()).await);
        Self {
            kubeconfig,
            namespace,
            keep,
        }
    }

    /// A name that no other test has.
    pub fn name(&self, of: &str) -> String {
        format!("{}-{of}", self.namespace.name())
    }

    /// The tool; everything that was last renewed before this year is stale.
    pub fn command(&self, kubeconfig: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gw-nodeclean"));
        command
            .args([
                "--keep",
                &self.keep,
                "--since",
                "2026-01-01T00:00:00Z",
                "--grace",
                "1s",
            ])
            .arg("--kubeconfig")
            .arg(kubeconfig);
        command
    }

    pub fn clean(&self, flags: &[&str]) -> Run {
        let mut command = self.command(&self.kubeconfig);
        command.args(flags);
        let ended = tool_document::run(command);
        check(&ended, include_str!("../../schema.json"));
        ended
    }

    /// A Node with its Lease and its k3s password.
    pub async fn add_node(&self, client: &Client, name: &str) {
        self.add::<Node>(client, node(name)).await;
        self.add::<Lease>(client, lease(name, LONG_AGO)).await;
        let password = json!({ "metadata": { "name": format!("{name}.node-password.k3s"), "namespace": "kube-system" } });
        self.add::<Secret>(client, password).await;
    }

    pub async fn add<K>(&self, client: &Client, mut object: Value)
    where
        K: kube::Resource<DynamicType = ()> + Clone + DeserializeOwned + Serialize + std::fmt::Debug,
    {
        object["metadata"]["labels"][LABEL] = self.namespace.name().into();
        let body = serde_json::to_vec(&object).expect("JSON");
        let path = K::url_path(&(), object["metadata"]["namespace"].as_str());
        let request = http::Request::post(path)
            .header("content-type", "application/json")
            .body(body);
        client
            .request::<Value>(request.expect("a request"))
            .await
            .unwrap_or_else(|error| panic!("{object}: {error}"));
    }

    /// A pod of `controller`, which is a ConfigMap that nobody acts for, on a node.
    pub fn pod(&self, name: &str, node: &str, controller: Option<&str>) -> Value {
        let owners: Vec<Value> = controller
            .iter()
            .map(|uid| json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid, "controller": true}))
            .collect();
        json!({
            "metadata": { "name": name, "namespace": self.namespace.name(), "ownerReferences": owners },
            "spec": { "nodeName": node, "automountServiceAccountToken": false, "containers": [{ "name": "c", "image": "openshell/pause:1" }] },
        })
    }

    /// The uid of a ConfigMap that may own pods; it is made where it is not there.
    pub async fn owner(&self, client: &Client) -> String {
        let owners: Api<ConfigMap> = Api::namespaced(client.clone(), self.namespace.name());
        if let Some(found) = owners.get_opt("owner").await.expect("an answer") {
            return found.metadata.uid.expect("a uid");
        }
        let owner: ConfigMap =
            serde_json::from_value(json!({ "metadata": { "name": "owner" } })).expect("plain data");
        let made = owners.create(&PostParams::default(), &owner).await;
        made.expect("an owner").metadata.uid.expect("a uid")
    }

    /// A bound volume and its claim `claim`, on the host `host`.
    pub async fn add_volume(&self, client: &Client, name: &str, host: &str, claim: &str, provisioner: &str) {
        // A claim that finds its volume is bound at once.
        self.add::<PersistentVolume>(client, self.volume(name, host, claim, provisioner))
            .await;
        self.add::<PersistentVolumeClaim>(
            client,
            json!({
                "metadata": { "name": claim, "namespace": self.namespace.name() },
                "spec": {
                    "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Mi" } },
                    "storageClassName": "local-path", "volumeName": name,
                },
            }),
        )
        .await;
    }

    pub fn volume(&self, name: &str, host: &str, claim: &str, provisioner: &str) -> Value {
        json!({
            "metadata": { "name": name, "annotations": { "pv.kubernetes.io/provisioned-by": provisioner } },
            "spec": {
                "capacity": { "storage": "1Mi" }, "accessModes": ["ReadWriteOnce"], "storageClassName": "local-path",
                "persistentVolumeReclaimPolicy": "Delete",
                "hostPath": { "path": format!("/var/lib/rancher/k3s/storage/{name}"), "type": "DirectoryOrCreate" },
                "claimRef": { "apiVersion": "v1", "kind": "PersistentVolumeClaim",
                              "namespace": self.namespace.name(), "name": claim },
                "nodeAffinity": { "required": { "nodeSelectorTerms": [{ "matchExpressions": [
                    { "key": "kubernetes.io/hostname", "operator": "In", "values": [host] }] }] } },
            },
        })
    }

    /// Binds both as their controller would, which takes minutes for a thousand.
    pub async fn bind(&self, client: &Client, volume: &str, claim: &str) {
        let claims: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), self.namespace.name());
        let volumes: Api<PersistentVolume> = Api::all(client.clone());
        let uid = claims.get(claim).await.expect("the claim").metadata.uid;
        let parameters = PatchParams::default();
        let known = Patch::Merge(json!({ "spec": { "claimRef": { "uid": uid } } }));
        volumes
            .patch(volume, &parameters, &known)
            .await
            .expect("its claim");
        let done = json!({ "pv.kubernetes.io/bind-completed": "yes" });
        let annotated = Patch::Merge(json!({ "metadata": { "annotations": done } }));
        claims
            .patch(claim, &parameters, &annotated)
            .await
            .expect("its annotation");
        let bound = Patch::Merge(json!({ "status": { "phase": "Bound" } }));
        volumes
            .patch_status(volume, &parameters, &bound)
            .await
            .expect("its phase");
        claims
            .patch_status(claim, &parameters, &bound)
            .await
            .expect("its phase");
    }

    /// Waits until the claim is bound; its uid, its volume's uid.
    pub async fn bound(&self, client: &Client, claim: &str) -> (String, String) {
        let claims: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), self.namespace.name());
        let volumes: Api<PersistentVolume> = Api::all(client.clone());
        let mut end = Instant::now() + Duration::from_secs(60);
        loop {
            let found = claims.get(claim).await.expect("the claim");
            let name = found.spec.and_then(|spec| spec.volume_name).expect("a volume");
            let phase = found.status.and_then(|status| status.phase);
            if phase.as_deref() == Some("Bound") {
                let volume = volumes.get(&name).await.expect("the volume");
                return (
                    found.metadata.uid.expect("a uid"),
                    volume.metadata.uid.expect("a uid"),
                );
            }
            assert!(Instant::now() < end, "claim {claim} is {phase:?}");
            // A claim that changes is looked at at once, and not only every fifteen seconds.
            let change =
                Patch::Merge(json!({ "metadata": { "annotations": { LABEL: format!("{end:?}") } } }));
            let _ = claims.patch(claim, &PatchParams::default(), &change).await;
            end += Duration::from_millis(1);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// All objects that tests of this namespace made, and their resource versions.
    pub fn versions(&self) -> Vec<String> {
        run_apart(async || {
            let client = client(&self.kubeconfig).await;
            let mut found = names::<Node>(&client, self).await;
            found.extend(names::<PersistentVolume>(&client, self).await);
            found.extend(names::<PersistentVolumeClaim>(&client, self).await);
            found.extend(names::<Pod>(&client, self).await);
            found.extend(names::<Secret>(&client, self).await);
            found
        })
    }
}

async fn names<K>(client: &Client, stage: &Stage) -> Vec<String>
where
    K: kube::Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
{
    let selection = ListParams::default().labels(&format!("{LABEL}={}", stage.namespace.name()));
    let listed = Api::<K>::all(client.clone())
        .list(&selection)
        .await
        .expect("a list");
    let describe = |object: &K| {
        let meta = object.meta();
        // The controllers of nodes and pods write their status at any time: only the uid tells who was replaced.
        format!(
            "{} {} {:?}",
            K::kind(&()),
            object.meta().name.clone().unwrap_or_default(),
            meta.uid
        )
    };
    listed.items.iter().map(describe).collect()
}

impl Drop for Stage {
    fn drop(&mut self) {
        run_apart(async || {
            let client = client(&self.kubeconfig).await;
            let selection = ListParams::default().labels(&format!("{LABEL}={}", self.namespace.name()));
            let (now, everything) = (DeleteParams::default().grace_period(0), selection);
            let pods: Api<Pod> = Api::namespaced(client.clone(), self.namespace.name());
            let _ = pods.delete_collection(&now, &everything).await;
            let _ = Api::<Node>::all(client.clone())
                .delete_collection(&now, &everything)
                .await;
            let leases: Api<Lease> = Api::namespaced(client.clone(), "kube-node-lease");
            let _ = leases.delete_collection(&now, &everything).await;
            let secrets: Api<Secret> = Api::namespaced(client.clone(), "kube-system");
            let _ = secrets.delete_collection(&now, &everything).await;
            let claims: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), self.namespace.name());
            let _ = claims.delete_collection(&now, &everything).await;
            let volumes: Api<PersistentVolume> = Api::all(client.clone());
            let _ = volumes.delete_collection(&now, &everything).await;
            // Nothing protects what nobody uses any more.
            let unprotected = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
            for volume in volumes
                .list(&everything)
                .await
                .map(|list| list.items)
                .unwrap_or_default()
            {
                let name = volume.metadata.name.unwrap_or_default();
                let _ = volumes.patch(&name, &PatchParams::default(), &unprotected).await;
            }
        });
    }
}

/// No pod is taken before its namespace has one.
async fn service_account(kubeconfig: &Path, namespace: &str) {
    let accounts: Api<ServiceAccount> = Api::namespaced(client(kubeconfig).await, namespace);
    let end = Instant::now() + Duration::from_secs(30);
    while accounts.get_opt("default").await.expect("an answer").is_none() {
        assert!(
            Instant::now() < end,
            "namespace {namespace} has no service account"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A node whose kubelet was last heard of years ago.
pub fn node(name: &str) -> Value {
    let heard = json!({ "type": "Ready", "status": "Unknown", "lastHeartbeatTime": "2020-01-01T00:00:00Z" });
    json!({
        "metadata": { "name": name, "labels": { "kubernetes.io/hostname": name } },
        "spec": { "unschedulable": true },
        "status": { "conditions": [heard] },
    })
}

pub fn lease(name: &str, renewed: &str) -> Value {
    json!({
        "metadata": { "name": name, "namespace": "kube-node-lease" },
        "spec": { "holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": renewed },
    })
}
