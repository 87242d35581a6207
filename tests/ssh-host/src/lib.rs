//! Tests: another machine that ssh reaches. It is this one, at another loopback address, behind an sshd of the test's own.

use std::ffi::OsString;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The other machine's address: of the loopback network, and none that anything else of this project uses.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// The other machine. Dropping it ends its sshd.
pub struct SshHost {
    folder: tempfile::TempDir,
    user: String,
    port: u16,
    sshd: Child,
}

impl SshHost {
    /// Makes keys, starts sshd, and waits until it answers.
    ///
    /// # Panics
    /// Where it does not, or Debian's openssh-server is not there.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for key in ["host", "user"] {
            said(
                Command::new("ssh-keygen")
                    .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                    .arg(at(key)),
            );
        }
        let listener = TcpListener::bind((ADDRESS, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let user = said(Command::new("id").arg("-un"));
        let path = std::env::var("PATH").unwrap_or_default();
        let settings = format!(
            "ListenAddress {ADDRESS}\nPort {port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nLogLevel DEBUG1\n\
             StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\n\
             SetEnv PATH={path}\n",
            at("host").display(),
            at("user.pub").display(),
        );
        std::fs::write(at("sshd_config"), settings).expect("room");
        let key = std::fs::read_to_string(at("host.pub")).expect("a key");
        let known = format!("[{ADDRESS}]:{port} {key}");
        std::fs::write(at("known_hosts"), known).expect("room");
        let client = format!(
            "UserKnownHostsFile {}\nStrictHostKeyChecking yes\nIdentitiesOnly yes\nBatchMode yes\n",
            at("known_hosts").display()
        );
        std::fs::write(at("ssh_config"), client).expect("room");
        program(
            &at("bin"),
            "ssh",
            &format!("exec {} -F {} \"$@\"", which("ssh"), at("ssh_config").display()),
        );
        // The package's service makes it when it starts; the service does not run.
        if user == "root" {
            std::fs::create_dir_all("/run/sshd").expect("a folder");
        }
        let log = std::fs::File::create(at("log")).expect("room");
        let sshd = Command::new(which("sshd"))
            .args(["-D", "-e", "-f"])
            .arg(at("sshd_config"))
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("sshd");
        let mut host = Self {
            folder,
            user,
            port,
            sshd,
        };
        host.wait();
        host
    }

    fn wait(&mut self) {
        let end = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect((ADDRESS, self.port)).is_err() {
            let ended = self.sshd.try_wait().expect("its state");
            assert!(ended.is_none() && Instant::now() < end, "no sshd: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// `USER@HOST:PORT`.
    pub fn destination(&self) -> String {
        format!("{}@{ADDRESS}:{}", self.user, self.port)
    }

    /// As `--docker-host` takes it.
    pub fn docker_host(&self) -> String {
        format!("ssh://{}", self.destination())
    }

    /// The file of the private key that may log in.
    pub fn key(&self) -> String {
        self.folder.path().join("user").display().to_string()
    }

    /// A search path whose ssh knows the host key of this machine, and nothing of the user's own configuration.
    pub fn path(&self) -> OsString {
        let mut path = self.folder.path().join("bin").into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        path
    }

    /// Has a tool go to the Docker behind ssh.
    pub fn reach(&self, command: &mut Command) {
        command
            .args(["--docker-host", &self.docker_host(), "--ssh-key", &self.key()])
            .env("PATH", self.path());
    }

    /// What sshd noted: each forwarded connection with its target.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Default for SshHost {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for SshHost {
    fn drop(&mut self) {
        let _ = self.sshd.kill();
        let _ = self.sshd.wait();
    }
}

/// Writes a shell script.
fn program(folder: &Path, name: &str, line: &str) {
    std::fs::create_dir_all(folder).expect("a folder");
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{line}\n")).expect("room");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a mode");
}

/// The whole path of a program: sshd demands it, and what stands for ssh must not find itself.
fn which(name: &str) -> String {
    ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        .iter()
        .map(|folder| PathBuf::from(folder).join(name))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("{name} is not installed: scripts/setup --tests installs it"))
        .display()
        .to_string()
}

fn said(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
