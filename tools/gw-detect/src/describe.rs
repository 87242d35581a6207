//! What was seen, in the document's words.

use std::path::Path;

use client_files::GatewayFolder;
use gateway_facts::{Container, Facts};
use gateway_names::GatewayName;

use crate::report::{ClientFilesField, ContainerField, FileField, HealthField, NetworkField, VolumeField};

/// The container, with its image's digest.
pub fn container(container: &Container, image_digest: Option<String>) -> ContainerField {
    ContainerField {
        id: container.id.clone(),
        name: container.name.clone(),
        image: container.image.clone(),
        image_id: container.image_id.clone(),
        image_digest,
        started_at: container.started_at.clone(),
        finished_at: container.finished_at.clone(),
        exit_code: container.exit_code,
        oom_killed: container.oom_killed,
        restart_policy: container.restart_policy.clone(),
        restart_count: container.restart_count,
        start_error: container.start_error.clone(),
        node_name: container.hostname.clone(),
        labelled: container.label.is_some(),
        privileged: container.privileged,
        confinement: if container.privileged {
            "privileged"
        } else {
            "caps"
        }
        .to_owned(),
        health: container.health.as_ref().map(|health| HealthField {
            status: health.status.clone(),
            last_line: health.last_line.clone(),
            failing_streak: health.failing_streak,
            markers: health.markers.iter().map(ToString::to_string).collect(),
        }),
    }
}

/// The volume.
pub fn volume(facts: &Facts, node_name: Option<String>, size_bytes: Option<u64>) -> VolumeField {
    let volume = facts.volume.as_ref();
    VolumeField {
        exists: volume.is_some(),
        name: volume.map(|volume| volume.name.clone()),
        labelled: volume.is_some_and(|volume| volume.label.is_some()),
        labels: volume.map(|volume| volume.labels.clone()).unwrap_or_default(),
        node_name,
        size_bytes,
    }
}

/// The network.
pub fn network(facts: &Facts, gateway: &GatewayName) -> NetworkField {
    let name = gateway.resource();
    let container = facts.container.as_ref().or(facts.aside.as_ref());
    let attachment = container.and_then(|container| container.attachments.iter().find(|at| at.name == name));
    let exists = |id: &str| facts.networks.iter().any(|network| network.id == id);
    let referred = facts
        .networks
        .iter()
        .find(|network| attachment.is_some_and(|attachment| attachment.network_id == network.id));
    let network = referred.or(facts.networks.first());
    let others = facts.networks.iter().map(|network| &network.id);
    NetworkField {
        exists: network.is_some(),
        name: network.map(|_| name),
        id: network.map(|network| network.id.clone()),
        attached: attachment.is_some_and(|attachment| exists(&attachment.network_id)),
        // An attachment without an id was never started: Docker resolves it by name.
        stale: attachment
            .is_some_and(|attachment| !attachment.network_id.is_empty() && !exists(&attachment.network_id)),
        duplicates: others
            .filter(|id| network.is_some_and(|it| it.id != **id))
            .cloned()
            .collect(),
    }
}

/// The client's files, without a look at what they say.
pub fn client_files(folder: &GatewayFolder) -> ClientFilesField {
    let file = |path: &Path| {
        let mode = folder.mode_of(path);
        FileField {
            present: mode.is_some(),
            mode: mode.map(|mode| format!("{mode:04o}")),
            agrees: None,
        }
    };
    ClientFilesField {
        folder: Some(folder.path().display().to_string()),
        metadata: file(&folder.metadata_file()),
        bundle: file(&folder.bundle().key),
        kubeconfig: file(&folder.kubeconfig()),
    }
}
