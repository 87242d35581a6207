//! The command line.

use std::path::PathBuf;

use argh::FromArgs;

/// Make the helm release of a gateway's server match the chart and the values that were chosen.
#[derive(FromArgs, Debug)]
pub struct Flags {
    #[argh(subcommand)]
    pub verb: Verb,
}

#[derive(FromArgs, Debug)]
#[argh(subcommand)]
pub enum Verb {
    Choose(ChooseFlags),
    Facts(FactsFlags),
    Recall(RecallFlags),
    Plan(PlanFlags),
    Apply(ApplyFlags),
    Remove(RemoveFlags),
    Rollback(RollbackFlags),
}

/// A choice of chart and values, over what is kept.
#[derive(Debug)]
pub struct Choice {
    pub helm: PathBuf,
    pub chart: Option<String>,
    pub checkout: Option<PathBuf>,
    pub base_values: Option<PathBuf>,
    pub bundled: Option<PathBuf>,
    pub values: Vec<PathBuf>,
    pub set_from: Option<PathBuf>,
    pub in_container: bool,
    pub new_node: bool,
    pub cluster_id: Option<String>,
}

/// argh has no flags that several verbs share.
macro_rules! with_choice {
    ($(#[$attribute:meta])* $name:ident) => {
        #[derive(FromArgs, Debug)]
        $(#[$attribute])*
        pub struct $name {
            /// helm 3.14 or a later helm 3 (default: helm on PATH)
            #[argh(option, default = "PathBuf::from(\"helm\")")]
            helm: PathBuf,
            /// the chart: a folder, an archive, oci://REFERENCE, or bundled (default: what is kept, else bundled)
            #[argh(option)]
            chart: Option<String>,
            /// folder with a chart (openshell) and values.json, both of a checkout, in place of the bundled ones
            #[argh(option)]
            checkout: Option<PathBuf>,
            /// file of JSON: values that follow from the gateway's settings, over those of the bundled chart or of a checkout
            #[argh(option)]
            base_values: Option<PathBuf>,
            /// folder with the chart that came with the cluster (openshell) and its values.json
            #[argh(option)]
            bundled: Option<PathBuf>,
            /// file of values, in place of those that are kept; may be repeated, the last one wins
            #[argh(option)]
            values: Vec<PathBuf>,
            /// file with words of helm's --set, each ended by a NUL, in place of those that are kept; - is standard input
            #[argh(option)]
            set_from: Option<PathBuf>,
            /// the cluster is a gateway's container: its published node port must lead to a Service of the chart
            #[argh(switch)]
            in_container: bool,
            /// the node has no image of a checkout: what is kept of one gives way to the bundled chart
            #[argh(switch)]
            new_node: bool,
            /// which cluster it is: what this host knows of a release on another one does not count
            #[argh(option)]
            cluster_id: Option<String>,
        }

        impl From<$name> for Choice {
            fn from(flags: $name) -> Self {
                let $name { helm, chart, checkout, base_values, bundled, values, set_from, in_container, new_node, cluster_id } = flags;
                Self { helm, chart, checkout, base_values, bundled, values, set_from, in_container, new_node, cluster_id }
            }
        }
    };
}

with_choice! {
    /// keep chart and values for the next apply; asks no cluster, and helm only to pull a chart
    #[argh(subcommand, name = "choose")]
    ChooseFlags
}
with_choice! {
    /// say of the chart and the values which workload is the server, and what it needs; asks no cluster
    #[argh(subcommand, name = "facts")]
    FactsFlags
}
with_choice! {
    /// say what apply would do about the release
    #[argh(subcommand, name = "plan")]
    PlanFlags
}
with_choice! {
    /// keep the choice, and bring the release to it
    #[argh(subcommand, name = "apply")]
    ApplyFlags
}

/// say what this host knows of the release that was deployed last; asks neither helm nor a cluster
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "recall")]
pub struct RecallFlags {
    /// of this cluster alone: what is known of another one does not count
    #[argh(option)]
    pub cluster_id: Option<String>,
}

/// remove the release that was deployed for the gateway; volumes stay
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "remove")]
pub struct RemoveFlags {
    /// helm 3.14 or a later helm 3 (default: helm on PATH)
    #[argh(option, default = "PathBuf::from(\"helm\")")]
    pub helm: PathBuf,
}

/// go back to the last revision before this one that was deployed; what is kept of chart and values stays
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "rollback")]
pub struct RollbackFlags {
    /// helm 3.14 or a later helm 3 (default: helm on PATH)
    #[argh(option, default = "PathBuf::from(\"helm\")")]
    pub helm: PathBuf,
}
