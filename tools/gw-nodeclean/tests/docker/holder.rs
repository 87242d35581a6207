//! A StatefulSet that holds a file on its volume.

use end_to_end::{TestGateway, until};
use serde_json::json;

/// Its claim's volume has a file that was put there once.
pub struct Holder<'a> {
    gateway: &'a TestGateway,
}

const NAME: &str = "holder";
const FILE: &str = "/data/word";

impl<'a> Holder<'a> {
    /// Makes it, and puts `word` into the file.
    pub fn with_word(gateway: &'a TestGateway, word: &str) -> Self {
        let of_node = |path: &str, at: &str| {
            let name = at.trim_matches('/').to_owned();
            (
                json!({ "name": name, "hostPath": { "path": path } }),
                json!({ "name": name, "mountPath": at, "readOnly": true }),
            )
        };
        // The image has no shell of its own: the node's programs and libraries are lent to it.
        let (mut volumes, mut mounts) = (Vec::new(), Vec::new());
        for (path, at) in [("/usr", "/usr"), ("/usr/lib", "/lib"), ("/usr/lib64", "/lib64")] {
            let (volume, mount) = of_node(path, at);
            volumes.push(volume);
            mounts.push(mount);
        }
        mounts.push(json!({ "name": "data", "mountPath": "/data" }));
        let labels = json!({ "app": NAME });
        let set = json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet",
            "metadata": { "name": NAME, "namespace": "default" },
            "spec": {
                "serviceName": NAME, "replicas": 1, "selector": { "matchLabels": labels },
                "template": { "metadata": { "labels": labels }, "spec": {
                    "terminationGracePeriodSeconds": 1,
                    "containers": [{
                        "name": "main", "image": "openshell/pause:1", "imagePullPolicy": "Never",
                        "command": ["/usr/bin/sleep", "infinity"], "volumeMounts": mounts,
                    }],
                    "volumes": volumes,
                } },
                "volumeClaimTemplates": [{ "metadata": { "name": "data" }, "spec": {
                    "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Mi" } },
                } }],
            },
        });
        gateway.shell(&format!("echo '{set}' | kubectl create -f -"));
        let holder = Self { gateway };
        holder.is_ready();
        holder.inside(&["/usr/bin/dd", &format!("of={FILE}")], word);
        holder
    }

    /// Waits until its pod is ready; panics after two minutes.
    pub fn is_ready(&self) {
        let set = format!("statefulset/{NAME}");
        self.gateway
            .kubectl(&["-n", "default", "rollout", "status", &set, "--timeout=120s"]);
    }

    /// What the pod reads from its volume. The set's status may still be that of a pod which is gone.
    pub fn word(&self) -> String {
        let mut word = String::new();
        until("the pod reads its file", || {
            self.is_ready();
            word = self.inside(&["/usr/bin/cat", FILE], "");
            !word.is_empty()
        });
        word
    }

    /// The node that its pod runs on.
    pub fn node(&self) -> String {
        let pod = format!("{NAME}-0");
        self.gateway.kubectl(&[
            "-n",
            "default",
            "get",
            "pod",
            &pod,
            "-o",
            "jsonpath={.spec.nodeName}",
        ])
    }

    fn inside(&self, command: &[&str], input: &str) -> String {
        let command = command.join(" ");
        self.gateway.shell(&format!(
            "printf %s '{input}' | kubectl -n default exec -i {NAME}-0 -- {command} 2>/dev/null"
        ))
    }
}
