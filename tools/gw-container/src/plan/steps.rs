//! The steps that a plan is made of, and how the document shows them.

use std::net::Ipv4Addr;

use contract::Action;
use gateway_facts::aside_name;
use gateway_names::GatewayName;

use crate::plan::subnet::Subnet;

/// One change of something in Docker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The container that an interrupted replacement set aside gets its name back.
    RestoreAside,
    /// Makes the volume.
    CreateVolume,
    /// Makes the network.
    CreateNetwork(Subnet),
    /// Stops the container that is to be replaced.
    StopOld,
    /// Renames it, so that its successor can have the name.
    SetAside(String),
    /// Removes a container that can never run again.
    RemoveDead,
    /// Makes the container.
    CreateContainer(String),
    /// Attaches the container to the network.
    Reattach(String),
    /// Starts the container.
    Start(String),
    /// Lets a held container go on.
    Unpause,
    /// Removes the container that was replaced.
    RemoveAside,
    /// Removes a further network of the name, by its id.
    RemoveNetwork(String),
}

impl Step {
    /// As the document shows it.
    pub fn action(&self, gateway: &GatewayName) -> Action {
        let name = gateway.resource();
        let container = format!("container {name}");
        let aside = format!("container {}", aside_name(gateway));
        match self {
            Self::RestoreAside => Action::new("rename", aside, "an earlier replacement was interrupted"),
            Self::CreateVolume => Action::new("create", format!("volume {name}"), "it does not exist"),
            Self::CreateNetwork((address, length)) => Action::new(
                "create",
                format!("network {name}"),
                format!("it does not exist; its subnet is {address}/{length}"),
            ),
            Self::StopOld => Action::new("stop", container, "it is replaced"),
            Self::SetAside(why) => Action::new("rename", container, why),
            Self::RemoveDead => Action::new("delete", container, "Docker cannot start it any more"),
            Self::CreateContainer(why) => Action::new("create", container, why),
            Self::Reattach(why) => Action::new("attach", container, why),
            Self::Start(why) => Action::new("start", container, why),
            Self::Unpause => Action::new("unpause", container, "it is paused"),
            Self::RemoveAside => Action::new("delete", aside, "its successor runs"),
            Self::RemoveNetwork(id) => Action::new(
                "delete",
                format!("network {name}"),
                format!("nothing uses it, and another has the name; its id is {id}"),
            ),
        }
    }
}

/// A network that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkInUse {
    /// What Docker is told: the name, or the id where several have the name.
    pub reference: String,
    /// Its id.
    pub id: String,
    /// The address that the container is fixed to.
    pub pinned: Option<Ipv4Addr>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// In this order.
    pub steps: Vec<Step>,
    /// What the container is, or will be, made from.
    pub spec: gateway_facts::Spec,
    /// What Docker is told to make the container from.
    pub image_reference: String,
    /// The network, where it exists already.
    pub network: Option<NetworkInUse>,
}
