//! Tests: a registry of images on this machine that gives nothing to whoever has no password.

use std::net::{IpAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Who may pull and push.
pub const USER: &str = "reader";
/// Its password: one that is looked for where it must not be.
pub const PASSWORD: &str = "geheim-registry";
/// As htpasswd keeps it: bcrypt, with the least cost that there is.
const HASH: &str = "$2b$05$abcdefghijklmnopqrstuu7gCxsTBWBI/uQ2Z38IGvImSqyNSjqNm";

/// The registry. Dropping it ends it.
pub struct ImageRegistry {
    folder: tempfile::TempDir,
    port: u16,
    process: Child,
}

impl ImageRegistry {
    /// Starts Debian's docker-registry at a port of this address, and waits until it answers.
    ///
    /// # Panics
    /// Where it does not, or is not there.
    pub fn at(address: IpAddr) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = TcpListener::bind((address, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("room");
        write("htpasswd", &format!("{USER}:{HASH}\n"));
        write("password", PASSWORD);
        write(
            "config.yml",
            &format!(
                "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {0}/images}}}}\n\
                 http: {{addr: '{address}:{port}'}}\nauth: {{htpasswd: {{realm: test, path: {0}/htpasswd}}}}\n",
                folder.path().display()
            ),
        );
        let log = std::fs::File::create(folder.path().join("log")).expect("room");
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(folder.path().join("config.yml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("docker-registry, which scripts/setup --tests installs");
        let mut registry = Self {
            folder,
            port,
            process,
        };
        registry.wait(address);
        registry
    }

    fn wait(&mut self, address: IpAddr) {
        let end = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect((address, self.port)).is_err() {
            let ended = self.process.try_wait().expect("its state");
            let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(
                ended.is_none() && Instant::now() < end,
                "no registry: {ended:?} {log}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A file with the password alone.
    pub fn password_file(&self) -> String {
        self.folder.path().join("password").display().to_string()
    }

    /// Pushes an image of this machine's Docker under a name of this registry, and removes that name from Docker again.
    ///
    /// # Panics
    /// Where that fails.
    pub fn push(&self, image: &str, name: &str) {
        let reference = format!("127.0.0.1:{}/{name}", self.port);
        let config = self.folder.path().join("docker");
        let login = format!(
            "docker --config '{}' login --username {USER} --password-stdin 127.0.0.1:{} <'{}'",
            config.display(),
            self.port,
            self.password_file()
        );
        for words in [
            &["sh", "-c", &login][..],
            &["docker", "tag", image, &reference],
            &[
                "docker",
                "--config",
                &config.display().to_string(),
                "push",
                &reference,
            ],
            &["docker", "rmi", &reference],
        ] {
            run(words);
        }
    }

    /// Ends it before its time.
    pub fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for ImageRegistry {
    fn drop(&mut self) {
        self.end();
    }
}

fn run(words: &[&str]) {
    let output = Command::new(words[0]).args(&words[1..]).output();
    let output = output.unwrap_or_else(|error| panic!("{words:?}: {error}"));
    assert!(output.status.success(), "{words:?}: {output:?}");
}
