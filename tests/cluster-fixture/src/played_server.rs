//! A gateway server that runs, as the API server shows it.

use serde_json::{Value, json};

use crate::FakeApi;

const POD: &str = "/api/v1/namespaces/openshell/pods/openshell-0";
const STATEFUL_SET: &str = "/apis/apps/v1/namespaces/openshell/statefulsets/openshell";

impl FakeApi {
    /// Puts a pod of the gateway server, which started then (RFC 3339), and its StatefulSet, whose roll-outs are complete at
    /// once. `env` is its container's environment.
    pub fn put_server(&self, started: &str, env: Value, annotations: Value) {
        let owner = json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet", "name": "openshell", "uid": "u", "controller": true,
        });
        self.put(
            POD,
            json!({
                "metadata": {
                    "name": "openshell-0", "creationTimestamp": started, "ownerReferences": [owner],
                    "labels": { "app.kubernetes.io/name": "openshell" }, "annotations": annotations,
                },
                "spec": { "containers": [{ "name": "openshell", "env": env }] },
                "status": { "phase": "Running", "containerStatuses": [{
                    "name": "openshell", "image": "i", "imageID": "i", "ready": true, "restartCount": 0,
                    "state": { "running": { "startedAt": started } },
                }] },
            }),
        );
        self.put(
            STATEFUL_SET,
            json!({
                "metadata": { "name": "openshell", "generation": 1 },
                "spec": { "replicas": 1, "selector": {}, "serviceName": "openshell", "template": {} },
                "status": { "observedGeneration": 9, "replicas": 1, "readyReplicas": 1, "updatedReplicas": 1 },
            }),
        );
    }

    /// When that server was told to restart; `None` where it was not.
    pub fn server_restarted_at(&self) -> Option<String> {
        let set = self.get(STATEFUL_SET)?;
        let annotations = &set["spec"]["template"]["metadata"]["annotations"];
        annotations["kubectl.kubernetes.io/restartedAt"]
            .as_str()
            .map(str::to_owned)
    }
}
