//! The state of a gateway on a cluster: pure functions of what was seen.

use crate::state::{Advice, InTheWay, State, advice_for};

/// What the state of a gateway on a cluster is concluded from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signs {
    /// A client's connection completed.
    pub serving: bool,
    /// The namespace is another one than the gateway was made in.
    pub another: bool,
    /// The server's workload.
    pub server: Server,
}

/// The server's workload, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// The API server does not answer.
    Unknown,
    /// There is no workload.
    Absent,
    /// None of its pods is ready.
    Unready,
    /// One of its pods is ready.
    Ready,
}

/// The state of a gateway on a cluster.
pub fn state_of(signs: &Signs) -> State {
    match signs.server {
        _ if signs.another => State::Conflict,
        _ if signs.serving => State::Serving,
        Server::Unknown => State::Unreachable,
        Server::Absent => State::Absent,
        Server::Unready => State::Starting,
        Server::Ready => State::Running,
    }
}

/// What to do next for a gateway on a cluster, and why. `is_forwarded`: only a forward from this machine leads to its server.
pub fn advice(state: State, is_forwarded: bool) -> (Advice, &'static str) {
    match state {
        State::Absent => (Advice::Create, "the namespace has no gateway server"),
        State::Starting => (Advice::Wait, "no pod of its server is ready"),
        State::Running if is_forwarded => (
            Advice::Forward,
            "its server is ready, and nothing leads to it from this machine",
        ),
        State::Running => (
            Advice::Ask,
            "its server is ready, and a client does not reach it at the endpoint",
        ),
        State::Conflict => (
            Advice::Ask,
            "the gateway was made in another namespace, or on another cluster",
        ),
        _ => advice_for(state, InTheWay::default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_has_its_signs_and_its_advice() {
        use Server::{Absent, Ready, Unknown, Unready};
        for (serving, another, server, state, next) in [
            (true, false, Ready, State::Serving, Advice::None),
            // Who may not ask the API is served all the same.
            (true, false, Unknown, State::Serving, Advice::None),
            (true, true, Ready, State::Conflict, Advice::Ask),
            (false, true, Absent, State::Conflict, Advice::Ask),
            (false, false, Unknown, State::Unreachable, Advice::Ask),
            (false, false, Absent, State::Absent, Advice::Create),
            (false, false, Unready, State::Starting, Advice::Wait),
            (false, false, Ready, State::Running, Advice::Forward),
        ] {
            let signs = Signs {
                serving,
                another,
                server,
            };
            assert_eq!(state_of(&signs), state, "{signs:?}");
            assert_eq!(advice(state, true).0, next, "{signs:?}");
        }
        assert_eq!(advice(State::Running, false).0, Advice::Ask);
    }
}
