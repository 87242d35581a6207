//! The node's name that a volume knows: it must never change, or Kubernetes gives the volume's pods up.

use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::{CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder};
use contract::Failure;
use docker_session::docker_failure;
use gateway_facts::{Facts, Spec, node_in_certificate};
use gateway_names::{KUBELET_CERTIFICATE, VOLUME_PATH, node_name_for};

use crate::fetch;
use crate::plan::present;
use crate::work::Work;

/// The name in the kubelet's certificate on the volume; else the persisted one; else the one for a new volume.
/// A dry run changes nothing, so that a volume without a container cannot be read: then the persisted one.
pub async fn node_name(
    work: &Work,
    facts: &Facts,
    persisted: Option<&Spec>,
    image: Option<&str>,
) -> Result<String, Failure> {
    let path = format!("{VOLUME_PATH}/{KUBELET_CERTIFICATE}");
    let certificate = match (present(facts), &facts.volume, image) {
        (Some(container), _, _) => fetch::file(&work.session, &container.id, &path).await?,
        (None, Some(_), Some(image)) if !work.dry_run => read_by_helper(work, image, &path).await?,
        _ => None,
    };
    let known = certificate.as_deref().and_then(node_in_certificate);
    Ok(known
        .or_else(|| {
            persisted
                .map(|spec| spec.node_name.clone())
                .filter(|name| !name.is_empty())
        })
        .unwrap_or_else(|| node_name_for(&work.gateway)))
}

/// A container that is made with the volume, read only, and never started.
async fn read_by_helper(work: &Work, image: &str, path: &str) -> Result<Option<Vec<u8>>, Failure> {
    let name = format!("openshell-reader-{}-{:08x}", work.gateway, rand::random::<u32>());
    let failed = |doing: &str, error| docker_failure(&format!("{doing} container {name}"), &error);
    let options = CreateContainerOptionsBuilder::new().name(&name).build();
    let body = ContainerCreateBody {
        image: Some(image.to_owned()),
        cmd: Some(vec!["never-started".to_owned()]),
        network_disabled: Some(true),
        host_config: Some(HostConfig {
            binds: Some(vec![format!(
                "{}:{VOLUME_PATH}:ro,nocopy",
                work.gateway.resource()
            )]),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    };
    let api = work.session.api();
    let made = api
        .create_container(Some(options), body)
        .await
        .map_err(|error| failed("create", error))?;
    let read = fetch::file(&work.session, &made.id, path).await;
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    api.remove_container(&made.id, Some(options))
        .await
        .map_err(|error| failed("remove", error))?;
    read
}
