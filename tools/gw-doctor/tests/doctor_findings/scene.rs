//! What the other tools say of a gateway, as their own types, and what differs from that.

use contract::{Document, ErrorField};
use gw_detect::report::{
    ClientFilesField, ContainerField, DockerField, FileField, HealthField, NetworkField, PortsField,
};
use gw_detect::state::State;
use gw_node::report::DiagnosisField;
use gw_pki::finding::Finding;
use gw_pki::report::{BundleReport, CertificateReport};
use gw_wait::report::CauseField;
use serde::Serialize;
use serde_json::{Map, Value};

/// The moment at which everything is asked.
pub const NOW: &str = "2026-01-02T03:04:05Z";

/// The document of each question.
pub type Documents = Map<String, Value>;

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// A tool's document.
fn document(tool: &str, report: impl Serialize) -> Value {
    let document = Document {
        schema: 1,
        tool: tool.to_owned(),
        report,
        error: None,
    };
    serde_json::to_value(document).expect("plain data")
}

/// A document of gw-wait.
pub fn waited(condition: &str, target: Option<&str>) -> Value {
    let report = gw_wait::report::Report {
        condition: text(condition),
        target: target.map(str::to_owned),
        ..gw_wait::report::Report::default()
    };
    document("gw-wait", report)
}

/// A container that runs and whose server answers.
fn detected() -> gw_detect::report::Report {
    let agreeing = FileField {
        present: true,
        mode: None,
        agrees: Some(true),
    };
    gw_detect::report::Report {
        gateway: text("g"),
        docker: DockerField {
            host: text("unix:///var/run/docker.sock"),
            ..DockerField::default()
        },
        state: Some(State::Serving),
        endpoint: text("https://127.0.0.1:8080"),
        container: Some(ContainerField {
            id: "c".to_owned(),
            name: "openshell-cluster-g".to_owned(),
            image: "i:1".to_owned(),
            image_id: "sha256:0".to_owned(),
            image_digest: None,
            started_at: text("2026-01-01T00:00:00Z"),
            finished_at: None,
            exit_code: None,
            oom_killed: false,
            restart_policy: None,
            restart_count: 0,
            start_error: None,
            node_name: "n".to_owned(),
            labelled: true,
            privileged: false,
            confinement: "caps".to_owned(),
            health: Some(HealthField {
                status: "healthy".to_owned(),
                last_line: None,
                failing_streak: 0,
                markers: Vec::new(),
            }),
        }),
        network: NetworkField {
            exists: true,
            ..NetworkField::default()
        },
        ports: PortsField {
            wanted: Some(8080),
            ..PortsField::default()
        },
        client_files: ClientFilesField {
            folder: text("/home/g"),
            metadata: FileField {
                present: true,
                mode: None,
                agrees: Some(true),
            },
            kubeconfig: agreeing,
            ..ClientFilesField::default()
        },
        ..gw_detect::report::Report::default()
    }
}

/// What such a container, its node and Docker's host show.
fn diagnosed() -> gw_node::report::Report {
    let diagnosis = DiagnosisField {
        log: ["one", "last words", ""].map(str::to_owned).into(),
        disk_bytes: Some(100_000_000_000),
        disk_free_bytes: Some(50_000_000_000),
        node_time: text(NOW),
        resolves_names: Some(true),
        name_servers: vec!["127.0.0.11".to_owned()],
        kubeconfig_agrees: Some(true),
        image: text("i:1"),
        image_present: Some(true),
        image_architecture: text("amd64"),
        host_architecture: text("amd64"),
        ..DiagnosisField::default()
    };
    gw_node::report::Report {
        diagnosis: Some(diagnosis),
        ..gw_node::report::Report::default()
    }
}

fn secret() -> gw_sshsecret::report::Report {
    gw_sshsecret::report::Report {
        namespace: text("openshell"),
        secret: text("openshell-ssh-handshake"),
        exists: Some(true),
        fingerprint: text("hmac-sha256:000000000000"),
        ..gw_sshsecret::report::Report::default()
    }
}

fn certificates() -> gw_pki::report::Report {
    let certificate = |secret: &str, findings: &[Finding]| CertificateReport {
        secret: secret.to_owned(),
        subject: None,
        sans: Vec::new(),
        not_before: None,
        not_after: text("2027-01-01T00:00:00Z"),
        days_left: None,
        fingerprint_sha256: None,
        findings: findings.to_vec(),
    };
    gw_pki::report::Report {
        namespace: text("openshell"),
        certificates: vec![
            certificate("openshell-ca", &[Finding::CaKeyMissing]),
            certificate("openshell-server-tls", &[]),
            certificate("openshell-client-tls", &[Finding::Expiring]),
        ],
        bundle: Some(BundleReport {
            folder: "/home/g/mtls".to_owned(),
            changed: false,
            findings: Vec::new(),
        }),
        ..gw_pki::report::Report::default()
    }
}

/// A gateway that serves.
pub fn up() -> Documents {
    let nodes = gw_nodeclean::report::Report {
        keep: text("n"),
        ..gw_nodeclean::report::Report::default()
    };
    let answers = [
        ("detect", document("gw-detect", detected())),
        ("container", document("gw-node", diagnosed())),
        ("api", waited("api", Some("https://127.0.0.1:6443"))),
        ("node", waited("node", Some("n"))),
        ("nodes", document("gw-nodeclean", nodes)),
        ("secret", document("gw-sshsecret", secret())),
        ("rollout", waited("rollout", None)),
        ("pki", document("gw-pki", certificates())),
        ("grpc", waited("grpc", None)),
    ];
    answers
        .into_iter()
        .map(|(name, document)| (name.to_owned(), document))
        .collect()
}

/// A container that does not run: the cluster is not asked, and the node says nothing.
pub fn down() -> Documents {
    let mut documents = up();
    documents.retain(|name, _| matches!(name.as_str(), "detect" | "container"));
    for field in [
        "disk_free_bytes",
        "node_time",
        "resolves_names",
        "kubeconfig_agrees",
    ] {
        set(
            &mut documents,
            &format!("container.diagnosis.{field}"),
            Value::Null,
        );
    }
    documents
}

/// The same, of which a client has the settings.
pub fn known() -> Documents {
    let mut documents = down();
    let spec = gateway_facts::Spec::parse(br#"{"image":"i:1","node_name":"n"}"#).expect("a specification");
    let spec = serde_json::to_value(spec).expect("plain data");
    set(&mut documents, "detect.spec", spec);
    documents
}

/// Docker cannot be asked.
pub fn without_docker() -> Documents {
    let mut documents = Documents::new();
    let report = gw_detect::report::Report {
        gateway: text("g"),
        ..gw_detect::report::Report::default()
    };
    documents.insert("detect".to_owned(), document("gw-detect", report));
    let report = gw_node::report::Report::default();
    documents.insert("container".to_owned(), document("gw-node", report));
    for name in ["detect", "container"] {
        fail(&mut documents, name, "docker_unreachable");
    }
    documents
}

/// No part of the cluster answers.
pub fn silent() -> Documents {
    let mut documents = up();
    let cause = CauseField::new("unreachable", "connection refused");
    let cause = serde_json::to_value(cause).expect("plain data");
    set(&mut documents, "api.last_cause", cause);
    for (name, reason) in [
        ("api", "timed_out"),
        ("node", "api_unreachable"),
        ("nodes", "timed_out"),
        ("secret", "api_unreachable"),
        ("pki", "timed_out"),
        ("rollout", "api_unreachable"),
        ("grpc", "timed_out"),
    ] {
        fail(&mut documents, name, reason);
    }
    documents
}

/// On a cluster of somebody's own: no container is asked for.
pub fn cluster() -> Documents {
    let mut documents = up();
    documents.retain(|name, _| matches!(name.as_str(), "api" | "secret" | "pki" | "rollout" | "grpc"));
    documents.insert("namespace".to_owned(), waited("namespace", None));
    documents
}

/// The tool that answers this question fails.
fn fail(documents: &mut Documents, name: &str, reason: &str) {
    let error = ErrorField {
        reason: reason.to_owned(),
        message: "why".to_owned(),
        hint: "what to type".to_owned(),
    };
    let error = serde_json::to_value(error).expect("plain data");
    set(documents, &format!("{name}.error"), error);
}

/// Gives a field another value: `detect.network.stale`. A field that the tool does not write is a mistake.
pub fn set(documents: &mut Documents, path: &str, value: Value) {
    let (name, rest) = path.split_once('.').expect("a question and a field");
    let mut place = documents.get_mut(name).expect("a question that is answered");
    for field in rest.split('.') {
        let found = match field.parse::<usize>() {
            Ok(index) => place.get_mut(index),
            Err(_) => place.get_mut(field),
        };
        place = found.unwrap_or_else(|| panic!("{path}: there is no {field}"));
    }
    *place = value;
}
