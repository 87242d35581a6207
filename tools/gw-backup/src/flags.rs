//! The command line.

use std::time::Duration;

use argh::FromArgs;
use contract::parse_duration;

/// Write a gateway to one file, bring it back, and get workspaces out of volumes and files.
#[derive(FromArgs, Debug)]
pub struct Flags {
    #[argh(subcommand)]
    pub verb: Verb,
}

#[derive(FromArgs, Debug)]
#[argh(subcommand)]
pub enum Verb {
    Create(CreateFlags),
    Restore(RestoreFlags),
    Workspaces(WorkspacesFlags),
}

/// write volume, settings and client files to one file; containerd's image store is left out
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "create")]
pub struct CreateFlags {
    /// file to write (0600); - is standard output
    #[argh(positional)]
    pub file: String,
    /// stop the container meanwhile; else it is paused
    #[argh(switch)]
    pub stop: bool,
    /// how long the container may take to stop by itself (default 30s)
    #[argh(option, from_str_fn(parse_duration), default = "Duration::from_secs(30)")]
    pub grace: Duration,
}

/// create the volume and the client's files from a backup, which is verified first
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "restore")]
pub struct RestoreFlags {
    /// file of the backup; - is standard input
    #[argh(positional)]
    pub file: String,
    /// yes, replace a gateway of that name with its sandboxes
    #[argh(switch)]
    pub yes: bool,
    /// how long a container that is replaced may take to stop by itself (default 30s)
    #[argh(option, from_str_fn(parse_duration), default = "Duration::from_secs(30)")]
    pub grace: Duration,
}

/// list the folders of persistent volume claims, or with a name and --to extract one; no node is needed
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "workspaces")]
pub struct WorkspacesFlags {
    /// sandbox, claim or NAMESPACE/CLAIM of the one to extract
    #[argh(positional)]
    pub name: Option<String>,
    /// backup to read, in place of the gateway's volume
    #[argh(option)]
    pub from: Option<String>,
    /// new folder to extract to; - writes a tar archive to standard output
    #[argh(option)]
    pub to: Option<String>,
}
