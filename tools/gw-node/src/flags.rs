//! The command line.

use argh::FromArgs;
use gw_node::report::Part;
use service_forward::Target;

use crate::since::Since;

/// Reach into the node of a gateway: load images, copy files, write its kubeconfig, open a tunnel to its API, forward a port to its server,
/// print logs, diagnose it, compare it with a checkout.
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
    Forward(ForwardFlags),
    Logs(LogsFlags),
    Diagnose(DiagnoseFlags),
    Parts(PartsFlags),
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

/// write the kubeconfig for this host again; of a gateway on a cluster of your own, print or merge the context that leads to it
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "kubeconfig")]
pub struct KubeconfigFlags {
    /// file to write instead of the gateway's own (0600); - prints it
    #[argh(option, from_str_fn(not_empty))]
    pub file: Option<String>,
    /// file of kubectl's to add the gateway to, under the gateway's name; what else is in it stays
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

/// forward a port of this machine to the server, through the Kubernetes API, until this command is ended. Without --kubeconfig the
/// gateway's own is used, and not KUBECONFIG
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "forward")]
pub struct ForwardFlags {
    /// the server's Service, NAME or NAME:PORT with a port's name or number (default: of the release that was deployed, else openshell; its
    /// first port)
    #[argh(option, from_str_fn(Target::parse))]
    pub service: Option<Target>,
    /// port of 127.0.0.1 to listen on, 0 for a free one (default: that of the gateway's last start on a cluster, else 8080)
    #[argh(option)]
    pub port: Option<u16>,
}

/// print the log of the gateway's server or of a sandbox as it is; the document goes to standard error. Without --kubeconfig the
/// gateway's own is used, and not KUBECONFIG
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "logs")]
pub struct LogsFlags {
    /// gateway, or sandbox with its name
    #[argh(positional, from_str_fn(log))]
    pub log: Log,
    /// the sandbox's name
    #[argh(positional)]
    pub name: Option<String>,
    /// go on with what is written from now on, until the container or this command ends
    #[argh(switch)]
    pub follow: bool,
    /// leave out what is older: a duration such as 10m, or an RFC 3339 time
    #[argh(option, from_str_fn(Since::parse))]
    pub since: Option<Since>,
}

/// Whose log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// The gateway server's.
    Gateway,
    /// A sandbox's.
    Sandbox,
}

fn log(text: &str) -> Result<Log, String> {
    match text {
        "gateway" => Ok(Log::Gateway),
        "sandbox" => Ok(Log::Sandbox),
        _ => Err(format!(
            "there is no log of '{}': gateway and sandbox are known",
            text.escape_debug()
        )),
    }
}

/// say what container, node and host show of known faults: log, health, memory, disk, limits, names
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "diagnose")]
pub struct DiagnoseFlags {
    /// how many of the log's last lines (default 50)
    #[argh(option, default = "50")]
    pub lines: u32,
}

/// say which parts of the running gateway are made from other sources than those of a checkout
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "parts")]
pub struct PartsFlags {
    /// what a part is made from in the checkout, as gateway=HASH, supervisor=HASH or chart=HASH (repeatable)
    #[argh(option, from_str_fn(hash_of_part))]
    pub source: Vec<(Part, String)>,
    /// where the release's chart is from: bundled (the image), checkout, or chosen (default bundled); with --keep, from now on
    #[argh(option, default = "Charted::Bundled", from_str_fn(charted))]
    pub release: Charted,
    /// the hash of a chosen chart and its values as they were deployed last
    #[argh(option, from_str_fn(not_empty))]
    pub released: Option<String>,
    /// a part that is due whatever runs (repeatable)
    #[argh(option, from_str_fn(Part::parse))]
    pub again: Vec<Part>,
    /// there is no checkout: server and supervisor are not deployed from here
    #[argh(switch)]
    pub installed: bool,
    /// what was deployed to this container, as PART=HASH: it is kept (repeatable)
    #[argh(option, from_str_fn(hash_of_part))]
    pub keep: Vec<(Part, String)>,
}

/// Where the release's chart is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charted {
    /// It came with the image.
    Bundled,
    /// A checkout's own.
    Checkout,
    /// Another one, that somebody chose.
    Chosen,
}

impl Charted {
    const ALL: [Self; 3] = [Self::Bundled, Self::Checkout, Self::Chosen];

    /// As the flag has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bundled => "bundled",
            Self::Checkout => "checkout",
            Self::Chosen => "chosen",
        }
    }
}

fn charted(text: &str) -> Result<Charted, String> {
    let found = Charted::ALL.into_iter().find(|charted| charted.word() == text);
    found.ok_or_else(|| {
        format!(
            "'{}' is none of bundled, checkout and chosen",
            text.escape_debug()
        )
    })
}

fn hash_of_part(text: &str) -> Result<(Part, String), String> {
    match text.split_once('=') {
        Some((part, hash)) if !hash.is_empty() => Ok((Part::parse(part)?, hash.to_owned())),
        _ => Err(format!("'{}' is not PART=HASH", text.escape_debug())),
    }
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
