//! A container that is kept from writing for a while, written down before: a run that follows a killed one lets it go.

use bollard::Docker;
use client_files::GatewayFolder;
use contract::Failure;
use docker_session::{absent, docker_failure};
use gateway_facts::{Container, Status};
use serde::{Deserialize, Serialize};

const FILE: &str = "held.json";

/// How it is kept from writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It is paused.
    Paused,
    /// It is stopped.
    Stopped,
}

/// The file's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The container's id: another one of its name is not held.
    pub container: String,
    /// How it is held.
    pub how: How,
}

impl Held {
    /// What a run left, if it is about this container. One of another container is of no use any more; nor is one that is not understood.
    pub fn left(folder: &GatewayFolder, container: Option<&Container>) -> Result<Option<Self>, Failure> {
        let Some(text) = folder.read_private(FILE)? else {
            return Ok(None);
        };
        let held: Option<Self> = serde_json::from_slice(&text).ok();
        let held = held.filter(|held| container.is_some_and(|container| container.id == held.container));
        if held.is_none() {
            folder.remove_private(FILE)?;
        }
        Ok(held)
    }

    /// Writes it, before the container is held.
    pub fn write(&self, folder: &GatewayFolder) -> Result<(), Failure> {
        let content = serde_json::to_vec(self).expect("plain data");
        folder.write_private(FILE, &content).map(drop)
    }

    /// Lets the container go, and forgets that it was held. One that is gone or not held any more is fine.
    pub async fn let_go(&self, api: &Docker, folder: &GatewayFolder) -> Result<(), Failure> {
        let (id, verb) = (&self.container, self.verb());
        let done = match self.how {
            How::Paused => api.unpause_container(id).await,
            How::Stopped => api.start_container(id, None).await,
        };
        if let Err(error) = done
            && self.still_holds(api).await?
        {
            return Err(docker_failure(&format!("{verb} container {id}"), &error));
        }
        folder.remove_private(FILE).map(drop)
    }

    /// Docker's answers do not tell what is not held from what cannot be let go of.
    async fn still_holds(&self, api: &Docker) -> Result<bool, Failure> {
        let id = &self.container;
        let found = absent(api.inspect_container(id, None).await, id);
        let found = found.map_err(|error| docker_failure(&format!("inspect container {id}"), &error))?;
        let Some(state) = found.and_then(|found| found.state) else {
            return Ok(false);
        };
        Ok(match self.how {
            How::Paused => state.paused == Some(true),
            How::Stopped => state.running != Some(true),
        })
    }

    /// Is there something to be let go of, in this state?
    pub fn is_on(&self, status: Status) -> bool {
        match self.how {
            How::Paused => status == Status::Paused,
            How::Stopped => matches!(status, Status::Exited | Status::Created),
        }
    }

    /// What lets it go.
    pub fn verb(&self) -> &'static str {
        match self.how {
            How::Paused => "unpause",
            How::Stopped => "start",
        }
    }
}
