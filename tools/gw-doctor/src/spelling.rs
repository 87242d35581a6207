//! Commands as the person can type them.

use contract::{quoted, typed, typed_by_driver};
use gw_doctor::question::Place;

use crate::flags::FindingsFlags;

/// How commands are typed.
#[derive(Debug)]
pub struct Spelling {
    /// A verb of the driver.
    pub driver: fn(&str) -> String,
    /// A command of another tool.
    pub tool: fn(&str) -> String,
    /// kubectl for this cluster.
    pub kubectl: String,
    /// The flags with which tools reach the cluster.
    pub reach: String,
    /// The same, with the namespace if it may be another one than the default.
    pub reach_namespace: String,
}

/// A command line of the driver. Where it does not run this tool, it is spelled as an installed one is: no tool stands for it.
pub fn driver(words: &str) -> String {
    typed_by_driver(words).unwrap_or_else(|| format!("gw {words}"))
}

impl Spelling {
    /// As this run was called.
    pub fn of(flags: &FindingsFlags) -> Self {
        let file = flags.kubeconfig.as_deref().map_or("FILE".to_owned(), quoted);
        let mut reach = format!("--kubeconfig {file}");
        if let Some(context) = &flags.context {
            reach.push_str(&format!(" --context {}", quoted(context)));
        }
        let kubectl = flags.kubectl.clone();
        Self {
            driver,
            tool: typed,
            kubectl: kubectl.unwrap_or_else(|| format!("kubectl {reach}")),
            reach_namespace: match flags.place {
                Place::Container => reach.clone(),
                Place::Cluster => format!("{reach} --namespace {}", flags.namespace),
            },
            reach,
        }
    }
}
