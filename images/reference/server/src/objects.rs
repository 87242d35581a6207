//! The object of a sandbox in Kubernetes. Pure construction, no requests.
//!
//! Source of the names: the sandboxes that OpenShell v0.0.22 to v0.0.36, and v0.0.88 and later, make.

use anyhow::Context;
use gateway_names::{
    GATEWAY_ID_LABEL, HANDSHAKE_VARIABLE, HOST_NAMES, MANAGED_BY, MANAGED_BY_LABEL, SANDBOX_CONTAINER,
    SANDBOX_GROUP, SANDBOX_NAME_LABEL, SANDBOX_WORKSPACE_LABEL,
};
use kube::api::{ApiResource, DynamicObject};
use kube_session::sandbox_resource;
use nssh1::Secret;
use serde_json::{Value, json};

use crate::settings::{ApiVersion, Generation, RestartPolicy, SandboxSettings};
use crate::store::Record;

pub use gateway_names::SANDBOX_ID_LABEL as ID_LABEL;

/// The folder with the supervisor, on the node and in the container.
const SUPERVISOR_FOLDER: &str = "/opt/openshell/bin";
/// Where the supervisor finds what it shows to the server.
const CLIENT_TLS_FOLDER: &str = "/etc/openshell-tls/client";
/// The user and the group that a sandbox runs as.
const USER: i64 = 1000;

fn word(version: ApiVersion) -> &'static str {
    match version {
        ApiVersion::V1Alpha1 => "v1alpha1",
        ApiVersion::V1Beta1 => "v1beta1",
    }
}

/// `sandboxes.agents.x-k8s.io` in a version.
pub fn resource(version: ApiVersion) -> ApiResource {
    sandbox_resource(word(version))
}

/// The name of a sandbox's object: today's has the workspace in it.
pub fn name(generation: Generation, workspace: &str, name: &str) -> String {
    match generation {
        Generation::Both | Generation::First => name.to_owned(),
        Generation::Today => format!("{workspace}--{name}"),
    }
}

/// The labels that this gateway's objects are found by.
pub fn selector(settings: &SandboxSettings) -> String {
    let managed = format!("{MANAGED_BY_LABEL}={MANAGED_BY}");
    match settings.generation {
        Generation::First => managed,
        Generation::Both | Generation::Today => {
            format!("{managed},{GATEWAY_ID_LABEL}={}", settings.gateway_id)
        }
    }
}

fn labels(record: &Record, settings: &SandboxSettings) -> Value {
    let mut labels = json!({ ID_LABEL: record.id, MANAGED_BY_LABEL: MANAGED_BY });
    if settings.generation != Generation::First {
        labels[GATEWAY_ID_LABEL] = json!(settings.gateway_id);
        labels[SANDBOX_NAME_LABEL] = json!(record.name);
        labels[SANDBOX_WORKSPACE_LABEL] = json!(record.workspace);
    }
    labels
}

/// The object of a new sandbox. The handshake secret stands in its template as a literal, as OpenShell has it: a server that later
/// holds another secret cannot reach the sandbox.
pub fn sandbox(
    record: &Record,
    settings: &SandboxSettings,
    secret: Option<&Secret>,
    version: ApiVersion,
) -> anyhow::Result<DynamicObject> {
    let labels = labels(record, settings);
    let aliases: Vec<Value> = settings
        .host_gateway_ip
        .iter()
        .map(|ip| json!({ "ip": ip, "hostnames": HOST_NAMES }))
        .collect();
    let policy = match settings.restart_policy {
        RestartPolicy::Never => "Never",
        RestartPolicy::Always => "Always",
    };
    let mut object = json!({
        "apiVersion": format!("{SANDBOX_GROUP}/{}", word(version)),
        "kind": "Sandbox",
        "metadata": { "name": record.object, "namespace": settings.namespace, "labels": labels },
        "spec": {
            "podTemplate": {
                "metadata": { "labels": labels },
                "spec": {
                    "automountServiceAccountToken": false,
                    "enableServiceLinks": false,
                    "restartPolicy": policy,
                    "terminationGracePeriodSeconds": 5,
                    "hostAliases": aliases,
                    "securityContext": {
                        "runAsNonRoot": true, "runAsUser": USER, "runAsGroup": USER, "fsGroup": USER,
                        "seccompProfile": { "type": "RuntimeDefault" },
                    },
                    "containers": [container(record, settings, secret)],
                    "volumes": volumes(settings),
                },
            },
            "volumeClaimTemplates": [{
                "metadata": { "name": "workspace" },
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "resources": { "requests": { "storage": "1Gi" } },
                },
            }],
        },
    });
    match version {
        ApiVersion::V1Alpha1 => object["spec"]["replicas"] = json!(1),
        ApiVersion::V1Beta1 => object["spec"]["operatingMode"] = json!("Running"),
    }
    serde_json::from_value(object).context("the sandbox's object")
}

fn volumes(settings: &SandboxSettings) -> Vec<Value> {
    let supervisor = json!({
        "name": "supervisor",
        "hostPath": { "path": SUPERVISOR_FOLDER, "type": "Directory" },
    });
    let volume_of = client_tls(settings).map(
        |secret| json!({ "name": "client-tls", "secret": { "secretName": secret, "defaultMode": 0o440 } }),
    );
    [supervisor].into_iter().chain(volume_of).collect()
}

/// The Secret with what a sandbox shows where it dials in; nothing is shown without TLS.
fn client_tls(settings: &SandboxSettings) -> Option<&str> {
    let endpoint = settings.endpoint.as_deref();
    let is_secure = endpoint.is_some_and(|endpoint| endpoint.starts_with("https://"));
    settings.client_tls_secret.as_deref().filter(|_| is_secure)
}

fn environment(record: &Record, settings: &SandboxSettings, secret: Option<&Secret>) -> Vec<Value> {
    let mut variables = vec![
        ("OPENSHELL_SANDBOX_ID", record.id.clone()),
        ("OPENSHELL_SANDBOX", record.name.clone()),
    ];
    if let Some(secret) = secret {
        variables.push((HANDSHAKE_VARIABLE, secret.expose().to_owned()));
    }
    if let Some(endpoint) = &settings.endpoint {
        variables.push(("OPENSHELL_ENDPOINT", endpoint.clone()));
    }
    if client_tls(settings).is_some() {
        for (name, file) in [
            ("OPENSHELL_TLS_CA", "ca.crt"),
            ("OPENSHELL_TLS_CERT", "tls.crt"),
            ("OPENSHELL_TLS_KEY", "tls.key"),
        ] {
            variables.push((name, format!("{CLIENT_TLS_FOLDER}/{file}")));
        }
    }
    let spec = record.message.spec.as_ref();
    if let Some(command) = spec
        .map(|spec| &spec.command)
        .filter(|command| !command.is_empty())
    {
        variables.push(("OPENSHELL_SANDBOX_COMMAND", json!(command).to_string()));
    }
    let own = spec.map(|spec| spec.environment.iter()).into_iter().flatten();
    let own = own.map(|(name, value)| json!({ "name": name, "value": value }));
    let ours = variables
        .iter()
        .map(|(name, value)| json!({ "name": name, "value": value }));
    own.chain(ours).collect()
}

fn container(record: &Record, settings: &SandboxSettings, secret: Option<&Secret>) -> Value {
    let template = record
        .message
        .spec
        .as_ref()
        .and_then(|spec| spec.template.as_ref());
    let image = template
        .map(|template| template.image.as_str())
        .filter(|image| !image.is_empty());
    let mut mounts = vec![
        json!({ "name": "supervisor", "mountPath": SUPERVISOR_FOLDER, "readOnly": true }),
        json!({ "name": "workspace", "mountPath": "/sandbox" }),
    ];
    if client_tls(settings).is_some() {
        mounts.push(json!({ "name": "client-tls", "mountPath": CLIENT_TLS_FOLDER, "readOnly": true }));
    }
    let mut container = json!({
        "name": SANDBOX_CONTAINER,
        "image": image.unwrap_or(&settings.image),
        "imagePullPolicy": "IfNotPresent",
        "command": [format!("{SUPERVISOR_FOLDER}/openshell-sandbox")],
        "env": environment(record, settings, secret),
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "readOnlyRootFilesystem": true,
            "capabilities": { "drop": ["ALL"] },
        },
        "volumeMounts": mounts,
    });
    if secret.is_some() {
        container["ports"] = json!([{ "name": "nssh1", "containerPort": nssh1::PORT, "protocol": "TCP" }]);
        container["readinessProbe"] =
            json!({ "tcpSocket": { "port": nssh1::PORT }, "periodSeconds": 1, "timeoutSeconds": 1 });
    }
    container
}

#[cfg(test)]
mod tests {
    use super::{ID_LABEL, MANAGED_BY_LABEL, name, sandbox, selector};
    use crate::settings::{ApiVersion, Generation, RestartPolicy, SandboxSettings};
    use crate::store::Record;
    use crate::store::tests::record;
    use reference_base::api::{Sandbox, SandboxSpec, SandboxTemplate};
    use serde_json::{Value, json};

    fn settings(generation: Generation, endpoint: Option<&str>) -> SandboxSettings {
        SandboxSettings {
            namespace: "space".to_owned(),
            image: "default:image".to_owned(),
            generation,
            restart_policy: RestartPolicy::Never,
            api_version: None,
            gateway_id: "gw".to_owned(),
            endpoint: endpoint.map(str::to_owned),
            client_tls_secret: Some("openshell-client-tls".to_owned()),
            ssh_gateway_host: String::new(),
            ssh_gateway_port: 0,
            host_gateway_ip: Some("172.17.0.1".parse().unwrap()),
        }
    }

    fn variables(object: &Value) -> Vec<(&str, &str)> {
        let all = object["spec"]["podTemplate"]["spec"]["containers"][0]["env"]
            .as_array()
            .unwrap();
        all.iter()
            .map(|one| (one["name"].as_str().unwrap(), one["value"].as_str().unwrap()))
            .collect()
    }

    fn made(record: &Record, settings: &SandboxSettings, secret: Option<&str>, version: ApiVersion) -> Value {
        let secret = secret.map(|secret| secret.parse().unwrap());
        let object = sandbox(record, settings, secret.as_ref(), version).unwrap();
        serde_json::to_value(object).unwrap()
    }

    #[test]
    fn the_object_of_v0_0_22_is_what_other_tools_look_for() {
        let settings = settings(Generation::First, None);
        let object = made(
            &record("id-1", "box"),
            &settings,
            Some("5ecret"),
            ApiVersion::V1Alpha1,
        );
        assert_eq!(object["apiVersion"], "agents.x-k8s.io/v1alpha1");
        assert_eq!(object["metadata"]["name"], "box");
        assert_eq!(object["spec"]["replicas"], 1);
        let labels = json!({ ID_LABEL: "id-1", MANAGED_BY_LABEL: "openshell" });
        assert_eq!(object["metadata"]["labels"], labels);
        let template = &object["spec"]["podTemplate"];
        assert_eq!(template["metadata"]["labels"], labels);
        let container = &template["spec"]["containers"][0];
        assert_eq!(container["name"], "agent");
        assert_eq!(container["image"], "default:image");
        assert_eq!(
            container["command"],
            json!(["/opt/openshell/bin/openshell-sandbox"])
        );
        assert!(variables(&object).contains(&("OPENSHELL_SSH_HANDSHAKE_SECRET", "5ecret")));
        let supervisor = json!({ "name": "supervisor", "mountPath": "/opt/openshell/bin", "readOnly": true });
        let workspace = json!({ "name": "workspace", "mountPath": "/sandbox" });
        assert_eq!(container["volumeMounts"], json!([supervisor, workspace]));
        let host_path = json!({ "path": "/opt/openshell/bin", "type": "Directory" });
        let volumes = json!([{ "name": "supervisor", "hostPath": host_path }]);
        assert_eq!(template["spec"]["volumes"], volumes);
        let names = json!(["host.docker.internal", "host.openshell.internal"]);
        assert_eq!(
            template["spec"]["hostAliases"],
            json!([{ "ip": "172.17.0.1", "hostnames": names }])
        );
        assert_eq!(
            object["spec"]["volumeClaimTemplates"][0]["metadata"]["name"],
            "workspace"
        );
    }

    #[test]
    fn the_object_of_today_dials_in_and_has_no_handshake_secret() {
        let settings = settings(Generation::Today, Some("https://server:8080"));
        let object = made(&record("id-1", "box"), &settings, None, ApiVersion::V1Beta1);
        assert_eq!(object["apiVersion"], "agents.x-k8s.io/v1beta1");
        assert_eq!(object["spec"]["operatingMode"], "Running");
        assert_eq!(object["metadata"]["labels"]["openshell.ai/gateway-id"], "gw");
        let template = &object["spec"]["podTemplate"]["spec"];
        assert_eq!(template["restartPolicy"], "Never");
        assert_eq!(
            template["volumes"][1]["secret"]["secretName"],
            "openshell-client-tls"
        );
        assert_eq!(template["containers"][0]["readinessProbe"], Value::Null);
        let variables = variables(&object);
        assert!(variables.contains(&("OPENSHELL_ENDPOINT", "https://server:8080")));
        assert!(variables.contains(&("OPENSHELL_TLS_CA", "/etc/openshell-tls/client/ca.crt")));
        assert!(
            !variables
                .iter()
                .any(|(name, _)| *name == "OPENSHELL_SSH_HANDSHAKE_SECRET")
        );
    }

    #[test]
    fn a_users_image_command_and_environment_are_kept() {
        let spec = SandboxSpec {
            command: vec!["sleep".to_owned(), "1".to_owned()],
            environment: [("A".to_owned(), "b".to_owned())].into(),
            template: Some(SandboxTemplate {
                image: "image:1".to_owned(),
            }),
            ..SandboxSpec::default()
        };
        let record = Record {
            message: Sandbox {
                spec: Some(spec),
                ..Sandbox::default()
            },
            ..record("id-1", "box")
        };
        let settings = settings(Generation::Both, None);
        let object = made(&record, &settings, None, ApiVersion::V1Beta1);
        assert_eq!(
            object["spec"]["podTemplate"]["spec"]["containers"][0]["image"],
            "image:1"
        );
        let variables = variables(&object);
        assert!(variables.contains(&("A", "b")));
        assert!(variables.contains(&("OPENSHELL_SANDBOX_COMMAND", r#"["sleep","1"]"#)));
    }

    #[test]
    fn names_and_selectors_are_the_generations_own() {
        assert_eq!(name(Generation::Today, "default", "box"), "default--box");
        assert_eq!(name(Generation::Both, "default", "box"), "box");
        assert_eq!(
            selector(&settings(Generation::First, None)),
            "openshell.ai/managed-by=openshell"
        );
        let both = "openshell.ai/managed-by=openshell,openshell.ai/gateway-id=gw";
        assert_eq!(selector(&settings(Generation::Both, None)), both);
    }
}
