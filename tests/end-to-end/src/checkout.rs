//! A copy of this checkout, for tests that change what images are built from.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::driver::{Ended, repository};
use crate::gateway::TestGateway;

/// A copy of the checkout's files, with folders of its own for temporary files and for client files. Removed when it is dropped.
#[derive(Debug)]
pub struct Checkout {
    folder: tempfile::TempDir,
}

impl Checkout {
    /// Copies what git knows or would take. The files are as old as the originals, so that the tools count as built.
    ///
    /// # Panics
    /// Where a file cannot be copied.
    pub fn copied() -> Self {
        let made = Self {
            folder: tempfile::Builder::new()
                .prefix("openshell-checkout-")
                .tempdir()
                .expect("a folder"),
        };
        for folder in ["source", "tmp", "config"] {
            std::fs::create_dir(made.folder.path().join(folder)).expect("a folder");
        }
        let mut copy = Command::new("bash");
        copy.current_dir(repository())
            .arg("-c")
            .arg("set -o pipefail; git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents --no-dereference --preserve=mode,timestamps -t \"$0\"")
            .arg(made.source());
        Ended::of(copy).well();
        made
    }

    fn source(&self) -> PathBuf {
        self.folder.path().join("source")
    }

    /// The folder for temporary files of what runs here.
    pub fn temporary(&self) -> PathBuf {
        self.folder.path().join("tmp")
    }

    /// Adds a line to a file.
    ///
    /// # Panics
    /// Where that fails.
    pub fn add_line(&self, file: &str, line: &str) {
        let path = self.source().join(file);
        let mut file = OpenOptions::new()
            .append(true)
            .open(path)
            .expect("a file of the checkout");
        writeln!(file, "{line}").expect("a line can be added");
    }

    /// Replaces a text that is in a file once.
    ///
    /// # Panics
    /// Where it is not there, or more than once.
    pub fn replace(&self, file: &str, text: &str, by: &str) {
        let path = self.source().join(file);
        let content = std::fs::read_to_string(&path).expect("a file of the checkout");
        assert_eq!(content.matches(text).count(), 1, "{text} in {file}");
        std::fs::write(path, content.replace(text, by)).expect("the file can be written");
    }

    /// Writes a file, or removes it.
    ///
    /// # Panics
    /// Where that fails.
    pub fn put(&self, file: &str, content: Option<&str>) {
        let path = self.source().join(file);
        match content {
            Some(content) => std::fs::write(path, content),
            None => std::fs::remove_file(path),
        }
        .expect("the file can be written");
    }

    /// A run of this copy's driver on a gateway, with the original's built tools; not yet started.
    pub fn driver(&self, gateway: &TestGateway, verb: &str, flags: &[&str]) -> Command {
        let mut command = self.command(
            &self.source().join("scripts/openshell"),
            &[verb, "--gateway", &gateway.name],
        );
        command.args(flags).env("XDG_CONFIG_HOME", gateway.config());
        command
    }

    /// Runs a program of the copy with the original's built tools.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Ended {
        Ended::of(self.command(&self.source().join(program), arguments))
    }

    /// The same, with a file system of `size` in place of `folder`, seen by nobody else.
    pub fn run_with_small_disk(&self, folder: &Path, size: &str, program: &str, arguments: &[&str]) -> Ended {
        let mount = format!(
            "mount -t tmpfs -o size={size} tmpfs '{}' && exec \"$0\" \"$@\"",
            folder.display()
        );
        let program = self.source().join(program).display().to_string();
        let words = [&["--mount", "sh", "-c", &mount, &program], arguments].concat();
        Ended::of(self.command(Path::new("unshare"), &words))
    }

    fn command(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_remove("OPENSHELL_GATEWAY")
            .env_remove("OPENSHELL_CLUSTER_IMAGE")
            .env("CARGO_TARGET_DIR", repository().join("target"))
            .env("XDG_CONFIG_HOME", self.folder.path().join("config"))
            .env("TMPDIR", self.temporary())
            .stdin(Stdio::null());
        command
    }
}
