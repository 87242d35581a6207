//! The command line.

use std::time::Duration;

use argh::FromArgs;
use contract::{Failure, parse_duration};
use jiff::Timestamp;

/// Remove nodes of containers that are gone, release their pods, and move their volumes to the node that lives.
#[derive(FromArgs, Debug)]
pub struct Flags {
    /// the node that lives and that volumes move to (else the only one that lives)
    #[argh(option)]
    pub keep: Option<String>,
    /// RFC 3339 time: a node is stale where its Lease was last renewed before it. One at another address than --keep's is
    /// watched as well, for 15s or --grace, whichever is less
    #[argh(option, from_str_fn(time))]
    pub since: Option<Timestamp>,
    /// without --since: a node is stale where its Lease is not renewed for this long (default 40s). --keep's must be renewed, too,
    /// for which it has 15s at least
    #[argh(option, from_str_fn(parse_duration), default = "Duration::from_secs(40)")]
    pub grace: Duration,
    /// clean up where more than one node lives, too; without it, nothing is removed then
    #[argh(switch)]
    pub allow_multi_node: bool,
    /// delete pods of stale nodes that no controller makes again, too
    #[argh(switch)]
    pub delete_bare_pods: bool,
    /// RFC 3339 time when the container of --keep's node was created: an older Secret with the hash of its k3s node password is
    /// of a former container, whose password is gone, and is deleted before the node is waited for
    #[argh(option, from_str_fn(time))]
    pub container_created: Option<Timestamp>,
    /// leave volumes, and with them the nodes that they are bound to
    #[argh(switch)]
    pub skip_volumes: bool,
}

impl Flags {
    /// Refuses flags that say nothing without each other.
    pub fn check(&self) -> Result<(), Failure> {
        if self.container_created.is_some() && self.keep.is_none() {
            return Err(Failure::usage(
                "--container-created does not say which node's container it is about",
                format!(
                    "name the node: {}",
                    contract::typed("gw-nodeclean --keep NODE --container-created TIME")
                ),
            ));
        }
        Ok(())
    }
}

fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| {
        format!(
            "'{}' is no RFC 3339 time, such as 2026-01-31T12:00:00Z",
            text.escape_debug()
        )
    })
}
