//! Tests: gateways that are played by one small program, on the real Docker: each has a name, a home and images of its own, all removed at the
//! end. [`PlayedGateway`] has a node that boots, [`ServedGateway`] a server that a client can probe.

mod authority;
mod gateway;
mod served;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use tool_document::{Run, check};

pub use authority::Authority;
pub use gateway::{PlayedGateway, node_certificate};
pub use served::ServedGateway;

/// Says that the test is left out, where it is.
pub fn skipped() -> bool {
    let skipped = std::env::var("OPENSHELL_TEST_DOCKER").as_deref() != Ok("1");
    if skipped {
        println!("skipped: OPENSHELL_TEST_DOCKER is not set");
    }
    skipped
}

/// Runs docker; standard output without the end of its line.
pub fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().expect("docker");
    assert!(
        output.status.success(),
        "docker {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A port that is free at this moment.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// Runs a tool and holds its document against its schema.
fn checked(tool: &str, command: Command) -> Run {
    let run = tool_document::run(command);
    check(&run, &schema(tool));
    run
}

/// The verbs and objects of a document's actions, as lines.
pub fn actions(run: &Run) -> Vec<String> {
    let actions = run.document["actions"].as_array().expect("a list");
    actions
        .iter()
        .map(|action| {
            let word = |field: &str| action[field].as_str().expect("a text").to_owned();
            format!("{} {}", word("verb"), word("object"))
        })
        .collect()
}

/// The folder of the programs that Cargo built with this test.
fn programs() -> PathBuf {
    let test = std::env::current_exe().expect("this program's path");
    let folder = test.parent().and_then(Path::parent);
    folder.expect("target/TRIPLE/PROFILE/deps").to_owned()
}

/// A tool's program. Cargo builds those of the packages alone whose tests it runs: an old one would pass or fail for nothing.
///
/// # Panics
/// If it is not there, or is older than its own sources.
pub fn built(tool: &str) -> PathBuf {
    let program = programs().join(tool);
    let how = "cargo build --release --workspace --bins";
    let time = |path: &Path| fs::metadata(path).and_then(|found| found.modified());
    let made = time(&program).unwrap_or_else(|error| panic!("{}: {error}: {how}", program.display()));
    // What it was made from, its crates included, as Cargo notes it: `PROGRAM: FILE FILE...`.
    let noted = fs::read_to_string(program.with_extension("d")).expect("Cargo's note");
    for source in noted.split_whitespace().skip(1) {
        let changed = time(Path::new(source)).unwrap_or(made);
        assert!(changed <= made, "{tool} is older than {source}: {how}");
    }
    program
}

/// The schema that a tool committed.
///
/// # Panics
/// If there is none.
pub fn schema(tool: &str) -> String {
    fs::read_to_string(sources(tool).join("schema.json")).expect("a schema")
}

fn sources(tool: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tools")
        .join(tool)
}

/// The docker command line's own settings stay in force under another HOME.
fn docker_config() -> PathBuf {
    std::env::var_os("DOCKER_CONFIG").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".docker"),
        PathBuf::from,
    )
}
