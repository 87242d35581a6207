//! podman, which speaks Docker's API: a best effort.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use played_gateway::{PlayedGateway, actions, schema, skipped};

/// A podman of the test's own. Dropping it ends it.
struct Podman {
    folder: tempfile::TempDir,
    process: Child,
}

impl Podman {
    /// `None`, with the reason printed, where this machine has none that answers.
    fn started() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        // By itself it asks for higher limits than a machine may give.
        let limits = "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]\n";
        std::fs::write(at("containers.conf"), limits).expect("room");
        let log = std::fs::File::create(at("log")).expect("room");
        let started = Command::new("podman")
            .env("CONTAINERS_CONF", at("containers.conf"))
            .arg("--root")
            .arg(at("root"))
            .arg("--runroot")
            .arg(at("run"))
            .arg("--tmpdir")
            .arg(at("tmp"))
            .args(["--storage-driver", "vfs", "--cgroup-manager", "cgroupfs"])
            .args(["system", "service", "--time", "0"])
            .arg(format!("unix://{}", at("socket").display()))
            .stdin(Stdio::null())
            .stderr(log)
            .spawn();
        let Ok(process) = started else {
            println!("skipped: podman is not installed");
            return None;
        };
        let podman = Self { folder, process };
        let end = Instant::now() + Duration::from_secs(30);
        while std::os::unix::net::UnixStream::connect(podman.socket()).is_err() {
            if Instant::now() > end {
                let log = std::fs::read_to_string(podman.folder.path().join("log")).unwrap_or_default();
                println!("skipped: podman's socket does not answer: {log}");
                return None;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(podman)
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    fn host(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    fn docker(&self, line: &str) -> String {
        let output = Command::new("bash")
            .args(["-c", line])
            .env("PODMAN", self.host())
            .output();
        let output = output.expect("bash");
        assert!(output.status.success(), "{line}: {output:?}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        let _ = Command::new("docker")
            .args(["--host", &self.host(), "network", "prune", "--force"])
            .output();
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_gateway_is_made_kept_replaced_and_removed_with_a_warning() {
    if skipped() {
        return;
    }
    let Some(podman) = Podman::started() else {
        return;
    };
    let gateway = PlayedGateway::new();
    podman.docker(&format!(
        "docker save {} | docker --host \"$PODMAN\" load",
        gateway.image
    ));
    let image = format!("localhost/{}", gateway.image);
    let done = |arguments: &[&str]| {
        let host = podman.host();
        let run = tool_document::run(gateway.command(&[arguments, &["--docker-host", &host]].concat()));
        tool_document::check(&run, &schema("gw-container"));
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
        run
    };
    let port = gateway.port.to_string();
    let made = done(&["ensure", "--image", &image, "--port", &port]);
    assert!(made.document["warnings"].to_string().contains("best effort"));
    std::net::TcpStream::connect(("127.0.0.1", gateway.port)).expect("the port is published");
    assert_eq!(actions(&done(&["ensure"])), Vec::<String>::new());
    done(&["stop"]);
    assert_eq!(
        actions(&done(&["ensure"])),
        [format!("start container {}", gateway.resource())]
    );
    done(&["ensure", "--env", "COLOUR=blue"]);
    // The volume remembers.
    done(&["remove"]);
    std::fs::remove_dir_all(gateway.folder()).expect("the client's files");
    let resumed = done(&["ensure"]);
    assert_eq!(resumed.document["port"], gateway.port);
    assert_eq!(
        resumed.document["spec"]["environment"],
        serde_json::json!(["COLOUR=blue"])
    );
    done(&["remove", "--volume", "--yes"]);
    let left = podman
        .docker("docker --host \"$PODMAN\" ps --all --quiet; docker --host \"$PODMAN\" volume ls --quiet");
    assert_eq!(left, "");
}
