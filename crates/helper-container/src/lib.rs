//! A container that is made to read or write a volume, or to look into an image, and is never started.

use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::{CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder};
use contract::{Action, Failure};
use docker_session::{absent, docker_failure};
use gateway_facts::{Facts, helper_name, look_name};
use gateway_names::VOLUME_PATH;
use gateway_work::Work;

/// The container. It must be removed by [`Helper::remove`]; one that a killed run left is removed by the next run.
pub struct Helper {
    /// Its id.
    pub id: String,
}

/// What a helper has of the gateway's volume.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Volume {
    /// Nothing: it shows its image alone.
    None,
    /// To read.
    Read,
    /// To read and write.
    Write,
}

impl Helper {
    /// Makes it from any image that Docker has.
    pub async fn make(work: &Work, image: &str, volume: Volume) -> Result<Self, Failure> {
        let name = if work.dry_run {
            look_name(&work.gateway)
        } else {
            helper_name(&work.gateway)
        };
        let options = CreateContainerOptionsBuilder::new().name(&name).build();
        let mode = if volume == Volume::Write {
            "nocopy"
        } else {
            "ro,nocopy"
        };
        let bind = format!("{}:{VOLUME_PATH}:{mode}", work.gateway.resource());
        let body = ContainerCreateBody {
            image: Some(image.to_owned()),
            cmd: Some(vec!["never-started".to_owned()]),
            network_disabled: Some(true),
            host_config: Some(HostConfig {
                binds: (volume != Volume::None).then(|| vec![bind]),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        };
        let made = work.session.api().create_container(Some(options), body).await;
        made.map(|made| Self { id: made.id })
            .map_err(|error| docker_failure(&format!("create container {name}"), &error))
    }

    /// Removes it, and hands on what was found with it.
    pub async fn remove<T>(self, work: &Work, found: Result<T, Failure>) -> Result<T, Failure> {
        let removed = remove(work, &self.id).await;
        let found = found?;
        removed?;
        Ok(found)
    }
}

/// Removes what killed runs left.
pub async fn remove_left(work: &Work, facts: &Facts) -> Result<(), Failure> {
    for id in &facts.helpers {
        let object = format!("container {}", helper_name(&work.gateway));
        let action = Action::new("delete", object, "a run that was killed left it");
        work.announce(&action);
        if !work.dry_run {
            remove(work, id).await?;
        }
        work.did(action);
    }
    Ok(())
}

async fn remove(work: &Work, id: &str) -> Result<(), Failure> {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    let removed = work.session.api().remove_container(id, Some(options)).await;
    absent(removed, id)
        .map(drop)
        .map_err(|error| docker_failure(&format!("remove container {id}"), &error))
}
