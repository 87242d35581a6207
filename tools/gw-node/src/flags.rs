//! The command line.

use argh::FromArgs;

/// Reach into the node of a gateway: load images, copy files, write its kubeconfig, open a tunnel to its API, diagnose it.
#[derive(FromArgs, Debug)]
pub struct Flags {
    #[argh(subcommand)]
    pub verb: Verb,
}

#[derive(FromArgs, Debug)]
#[argh(subcommand)]
pub enum Verb {
    Load(LoadFlags),
    Copy(CopyFlags),
    Kubeconfig(KubeconfigFlags),
    Tunnel(TunnelFlags),
    Diagnose(DiagnoseFlags),
}

/// copy images from the local Docker into the node (skips images that it already has)
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "load")]
pub struct LoadFlags {
    /// images, as docker names them
    #[argh(positional)]
    pub images: Vec<String>,
}

/// copy a file onto the node; it is replaced at once or not at all
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "copy")]
pub struct CopyFlags {
    /// file on this host
    #[argh(positional)]
    pub source: String,
    /// whole path on the node
    #[argh(positional)]
    pub destination: String,
    /// permission bits, octal (default: those of the source)
    #[argh(option, from_str_fn(mode))]
    pub mode: Option<u32>,
}

/// write the kubeconfig for this host again
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "kubeconfig")]
pub struct KubeconfigFlags {
    /// file to write instead of the gateway's own (0600); - prints it
    #[argh(option, from_str_fn(not_empty))]
    pub file: Option<String>,
    /// file of kubectl's to add the gateway to; what else is in it stays
    #[argh(option, from_str_fn(not_empty))]
    pub merge: Option<String>,
}

/// lead a port of this host to the API, through ssh where Docker is on another machine, until this command is ended
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "tunnel")]
pub struct TunnelFlags {
    /// file for a kubeconfig with a port of its own (0600), in place of the gateway's kubeconfig with its port
    #[argh(option, from_str_fn(not_empty))]
    pub file: Option<String>,
    /// end, too, when standard input ends: with the program that started it
    #[argh(switch)]
    pub until_eof: bool,
}

/// say what container, node and host show of known faults: log, health, memory, disk, limits, names
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "diagnose")]
pub struct DiagnoseFlags {
    /// how many of the log's last lines (default 50)
    #[argh(option, default = "50")]
    pub lines: u32,
}

fn not_empty(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("a value is expected".to_owned());
    }
    Ok(text.to_owned())
}

/// Octal digits, as chmod takes them.
fn mode(text: &str) -> Result<u32, String> {
    u32::from_str_radix(text, 8)
        .ok()
        .filter(|mode| *mode <= 0o777)
        .ok_or_else(|| {
            format!(
                "'{}' is no mode: octal digits such as 0755 are expected",
                text.escape_debug()
            )
        })
}
