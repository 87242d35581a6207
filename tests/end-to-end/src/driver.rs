//! Runs of `scripts/openshell`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; -1 where a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// The checkout that the tests run in.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .and_then(Path::parent)
        .expect("two folders above")
}

/// A tool that the driver runs, where the driver's own build puts it.
pub fn tool(name: &str) -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from);
    target
        .join(format!("{}-unknown-linux-gnu/release", std::env::consts::ARCH))
        .join(name)
}

/// The driver as it is called here: hints spell it like this.
pub fn typed() -> String {
    repository().join("scripts/openshell").display().to_string()
}

/// The driver, with an environment that names neither a gateway nor an image.
pub fn driver() -> Command {
    let mut command = Command::new(typed());
    command
        .env_remove("OPENSHELL_GATEWAY")
        .env_remove("OPENSHELL_CLUSTER_IMAGE")
        .stdin(Stdio::null());
    command
}

/// The image of this checkout, built where it is not.
///
/// # Panics
/// Where it cannot be built.
pub fn own_image() -> String {
    let mut build = Command::new(repository().join("images/build"));
    build.arg("--quiet");
    Ended::of(build).well().stdout.trim().to_owned()
}

/// The command `own` as the last argument of another program, in the same environment.
pub fn run_by(mut program: Command, own: &Command) -> Command {
    program.arg(own.get_program()).args(own.get_args());
    for (name, value) in own.get_envs() {
        match value {
            Some(value) => program.env(name, value),
            None => program.env_remove(name),
        };
    }
    program
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Ended {
    /// Runs a command to its end.
    ///
    /// # Panics
    /// Where it cannot be started.
    pub fn of(mut command: Command) -> Self {
        let output = command
            .output()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        output.into()
    }

    /// The run, which must have ended well.
    ///
    /// # Panics
    /// With all that it printed, where it did not.
    pub fn well(self) -> Self {
        assert_eq!(self.code, 0, "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// The one document on standard output.
    ///
    /// # Panics
    /// Where there is anything else.
    pub fn document(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", self.stdout, self.stderr))
    }
}

/// The fingerprint of the handshake secret, as the document of a start reports it.
///
/// # Panics
/// Where the run did not reconcile the secret.
pub fn fingerprint(document: &Value) -> String {
    let steps = document["steps"].as_array().expect("steps");
    let secret = steps
        .iter()
        .find(|step| step["name"] == "secret")
        .expect("the step about the secret");
    secret["document"]["fingerprint"]
        .as_str()
        .expect("a fingerprint")
        .to_owned()
}
