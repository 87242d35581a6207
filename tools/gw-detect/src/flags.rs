//! The command line.

use argh::FromArgs;
use kube_session::Workload;

use crate::state::State;

/// Say what there is of a gateway, in a container or on a cluster, and where clients reach it. Changes nothing.
#[derive(FromArgs, Debug)]
pub struct Flags {
    /// states, separated by commas: exit code 0 where the gateway is in one of them, else 1
    #[argh(option, from_str_fn(states))]
    pub expect: Option<States>,
    /// list every gateway on this Docker, also those that another tool made, and those on clusters of one's own
    #[argh(switch)]
    pub all: bool,
    /// measure the volume, too: Docker takes seconds for it
    #[argh(switch)]
    pub size: bool,
    /// on a cluster, the gateway server's workload: statefulset/NAME, deployment/NAME or NAME (default: of the release that was deployed, else
    /// openshell)
    #[argh(option, from_str_fn(workload))]
    pub workload: Option<Workload>,
    /// on a cluster, the server's Service (default: of the release that was deployed, else openshell)
    #[argh(option)]
    pub service: Option<String>,
}

fn workload(text: &str) -> Result<Workload, String> {
    Workload::parse(text)
}

/// Several states.
#[derive(Debug)]
pub struct States(pub Vec<State>);

fn states(text: &str) -> Result<States, String> {
    let state = |word: &str| {
        let found = State::ALL.into_iter().find(|state| state.word() == word);
        found.ok_or_else(|| {
            let all = State::ALL.map(State::word).join(", ");
            format!("'{word}' is no state of a gateway: {all}")
        })
    };
    let states: Result<Vec<State>, String> = text.split(',').map(state).collect();
    states.map(States)
}
