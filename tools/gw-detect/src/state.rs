//! The state of a gateway and what to do next: pure functions of what was seen.

use gateway_facts::Status;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The state of a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Neither container nor volume.
    Absent,
    /// A volume without a container.
    VolumeOnly,
    /// A container that does not run.
    Stopped,
    /// A container that runs, whose server does not answer, and whose image's health check is not over its start period.
    Starting,
    /// A container that runs and does not serve.
    Running,
    /// A client's connection completes.
    Serving,
    /// Docker starts the container again and again.
    Restarting,
    /// The container is held.
    Paused,
    /// Docker could not remove the container.
    Dead,
    /// What has the gateway's name, or its place on a cluster, is no gateway's, or another gateway's.
    Conflict,
    /// The cluster's API server does not answer, and neither does the gateway.
    Unreachable,
}

impl State {
    /// All states.
    pub const ALL: [Self; 11] = [
        Self::Absent,
        Self::VolumeOnly,
        Self::Stopped,
        Self::Starting,
        Self::Running,
        Self::Serving,
        Self::Restarting,
        Self::Paused,
        Self::Dead,
        Self::Conflict,
        Self::Unreachable,
    ];

    /// The state as the document has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::VolumeOnly => "volume_only",
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Serving => "serving",
            Self::Restarting => "restarting",
            Self::Paused => "paused",
            Self::Dead => "dead",
            Self::Conflict => "conflict",
            Self::Unreachable => "unreachable",
        }
    }
}

/// What the state is concluded from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signs {
    /// What the container does; `None` without a container.
    pub container: Option<Status>,
    /// A volume exists.
    pub volume: bool,
    /// A client's connection completed.
    pub serving: bool,
    /// A server took part in TLS, though it and the client's files do not agree: what is wrong does not pass by waiting.
    pub disagreeing: bool,
    /// The image's health check says `starting`.
    pub health_starting: bool,
    /// Something has the gateway's name and is not the gateway's.
    pub conflict: bool,
}

/// The state of the gateway.
pub fn state_of(signs: &Signs) -> State {
    match signs.container {
        _ if signs.conflict => State::Conflict,
        None if signs.volume => State::VolumeOnly,
        None => State::Absent,
        Some(Status::Running) if signs.serving => State::Serving,
        Some(Status::Running) if signs.health_starting && !signs.disagreeing => State::Starting,
        Some(Status::Running) => State::Running,
        Some(Status::Paused) => State::Paused,
        Some(Status::Restarting) => State::Restarting,
        Some(Status::Dead | Status::Removing) => State::Dead,
        Some(Status::Created | Status::Exited) => State::Stopped,
    }
}

/// What to do next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// Nothing.
    #[default]
    None,
    /// Wait: it is on its way.
    Wait,
    /// Start what exists.
    Resume,
    /// Make a new gateway.
    Create,
    /// Attach the container to its network again.
    RepairNetwork,
    /// Make a new container on the volume.
    ReplaceContainer,
    /// Lead a port of this machine to the server.
    Forward,
    /// A person has to decide.
    Ask,
}

impl Advice {
    /// The advice as the document has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Wait => "wait",
            Self::Resume => "resume",
            Self::Create => "create",
            Self::RepairNetwork => "repair_network",
            Self::ReplaceContainer => "replace_container",
            Self::Forward => "forward",
            Self::Ask => "ask",
        }
    }
}

/// What stands in a container's way.
#[derive(Clone, Copy, Debug, Default)]
pub struct InTheWay {
    /// It refers to a network that is gone.
    pub network_stale: bool,
    /// Something else has the gateway's port.
    pub port_taken: bool,
    /// Clients of this host know the gateway: a new one would be empty.
    pub is_known: bool,
}

/// What to do next, and why.
pub fn advice_for(state: State, in_the_way: InTheWay) -> (Advice, &'static str) {
    match state {
        State::Absent if in_the_way.is_known => (
            Advice::Ask,
            "clients of this host know it, and this Docker has neither its container nor its volume",
        ),
        State::Absent => (Advice::Create, "there is neither a container nor a volume"),
        State::VolumeOnly | State::Stopped if in_the_way.port_taken => {
            (Advice::Ask, "something else has the gateway's port")
        }
        State::VolumeOnly => (Advice::Resume, "the volume is there and the container is gone"),
        State::Conflict => (Advice::Ask, "something that is not this gateway has its name"),
        State::Unreachable => (Advice::Ask, "the cluster's API server does not answer"),
        State::Dead => (Advice::ReplaceContainer, "Docker could not remove the container"),
        _ if in_the_way.network_stale => (
            Advice::RepairNetwork,
            "the container refers to a network that is gone",
        ),
        State::Stopped => (Advice::Resume, "the container is stopped"),
        State::Paused => (Advice::Resume, "the container is paused"),
        State::Serving => (Advice::None, "it serves"),
        State::Starting => (Advice::Wait, "it started a moment ago and does not serve yet"),
        State::Running => (
            Advice::Resume,
            "it runs and does not serve: its parts are to be reconciled",
        ),
        State::Restarting => (
            Advice::ReplaceContainer,
            "Docker starts the container again and again",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Signs = Signs {
        container: None,
        volume: false,
        serving: false,
        disagreeing: false,
        health_starting: false,
        conflict: false,
    };

    #[test]
    fn each_state_has_its_signs() {
        let with = |status| Signs {
            container: Some(status),
            volume: true,
            ..NOTHING
        };
        for (signs, state) in [
            (NOTHING, State::Absent),
            (
                Signs {
                    volume: true,
                    ..NOTHING
                },
                State::VolumeOnly,
            ),
            (with(Status::Created), State::Stopped),
            (with(Status::Exited), State::Stopped),
            (with(Status::Running), State::Running),
            (
                Signs {
                    health_starting: true,
                    ..with(Status::Running)
                },
                State::Starting,
            ),
            // The health check is asked every few seconds only: its word is older than the server's own.
            (
                Signs {
                    disagreeing: true,
                    health_starting: true,
                    ..with(Status::Running)
                },
                State::Running,
            ),
            (
                Signs {
                    serving: true,
                    health_starting: true,
                    ..with(Status::Running)
                },
                State::Serving,
            ),
            // Somebody else serves on the port of a gateway that does not run.
            (
                Signs {
                    serving: true,
                    ..with(Status::Exited)
                },
                State::Stopped,
            ),
            (with(Status::Paused), State::Paused),
            (with(Status::Restarting), State::Restarting),
            (with(Status::Dead), State::Dead),
            (with(Status::Removing), State::Dead),
            (
                Signs {
                    conflict: true,
                    ..with(Status::Running)
                },
                State::Conflict,
            ),
        ] {
            assert_eq!(state_of(&signs), state, "{signs:?}");
        }
    }

    #[test]
    fn every_word_is_the_documents_word() {
        for state in State::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.word());
            let (advice, _) = advice_for(state, InTheWay::default());
            assert_eq!(serde_json::to_value(advice).unwrap(), advice.word());
        }
        for advice in [Advice::RepairNetwork, Advice::Forward] {
            assert_eq!(serde_json::to_value(advice).unwrap(), advice.word());
        }
    }

    #[test]
    fn a_gateway_that_serves_needs_nothing() {
        assert_eq!(advice_for(State::Serving, InTheWay::default()).0, Advice::None);
    }

    #[test]
    fn each_state_has_its_advice() {
        for (state, network_stale, port_taken, advice) in [
            (State::Absent, false, false, Advice::Create),
            (State::Absent, true, false, Advice::Create),
            (State::VolumeOnly, false, false, Advice::Resume),
            (State::VolumeOnly, false, true, Advice::Ask),
            (State::Stopped, false, false, Advice::Resume),
            (State::Stopped, true, false, Advice::RepairNetwork),
            (State::Stopped, true, true, Advice::Ask),
            (State::Starting, false, false, Advice::Wait),
            (State::Running, false, false, Advice::Resume),
            (State::Serving, true, false, Advice::RepairNetwork),
            (State::Restarting, false, false, Advice::ReplaceContainer),
            (State::Paused, false, false, Advice::Resume),
            (State::Dead, true, false, Advice::ReplaceContainer),
            (State::Conflict, true, true, Advice::Ask),
        ] {
            let in_the_way = InTheWay {
                network_stale,
                port_taken,
                is_known: false,
            };
            let advised = advice_for(state, in_the_way).0;
            assert_eq!(advised, advice, "{state:?} {in_the_way:?}");
        }
    }

    #[test]
    fn a_gateway_that_clients_know_is_not_made_anew_unasked() {
        let in_the_way = InTheWay {
            is_known: true,
            ..InTheWay::default()
        };
        assert_eq!(advice_for(State::Absent, in_the_way).0, Advice::Ask);
        assert_eq!(advice_for(State::VolumeOnly, in_the_way).0, Advice::Resume);
    }
}
