//! helm: the host's if it is new enough, else that of the cluster image, which is copied out of it once, with kubectl.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use end_to_end::{
    Checkout, Ended, TestGateway, docker, own_image, random_name, skipped_without_docker, until,
};

/// Nothing answers there.
const KUBECONFIG: &str = "apiVersion: v1
kind: Config
current-context: none
contexts: [{name: none, context: {cluster: none, user: none}}]
clusters: [{name: none, cluster: {server: 'https://127.0.0.1:1'}}]
users: [{name: none, user: {token: none}}]
";

/// A checkout whose image has a tag of its own, a cache of its own, and a PATH with no helm and no kubectl but those that the test
/// puts there.
struct Scene {
    checkout: Checkout,
    gateway: TestGateway,
    home: tempfile::TempDir,
    tag: String,
}

impl Scene {
    fn new() -> Self {
        let checkout = Checkout::copied();
        checkout.add_line("images/lib/base.sh", &format!("# {}", random_name()));
        let tag = checkout.run("images/build", &["--print-tag"]).well().stdout;
        let tag = tag.trim().to_owned();
        docker(&["tag", &own_image(), &tag]);
        let scene = Self {
            checkout,
            gateway: TestGateway::unmade(),
            home: tempfile::tempdir().expect("a folder"),
            tag,
        };
        std::fs::create_dir(scene.bin()).expect("a folder");
        std::fs::write(scene.kubeconfig(), KUBECONFIG).expect("room");
        scene.link_commands();
        scene
    }

    /// All commands of this machine except helm and kubectl.
    fn link_commands(&self) {
        let path = std::env::var_os("PATH").expect("PATH");
        for folder in std::env::split_paths(&path).filter(|folder| folder.is_dir()) {
            for file in std::fs::read_dir(folder).expect("commands") {
                let file = file.expect("a command").path();
                let name = file.file_name().expect("a name");
                if name != "helm" && name != "kubectl" {
                    // The first one of a name counts.
                    let _ = std::os::unix::fs::symlink(&file, self.bin().join(name));
                }
            }
        }
    }

    fn bin(&self) -> PathBuf {
        self.home.path().join("bin")
    }

    fn kubeconfig(&self) -> PathBuf {
        self.home.path().join("kubeconfig")
    }

    fn cache(&self) -> PathBuf {
        self.home.path().join("openshell/programs")
    }

    /// What is in the cache beside its lock.
    fn cached(&self) -> Vec<PathBuf> {
        let Ok(files) = std::fs::read_dir(self.cache()) else {
            return Vec::new();
        };
        let files = files.map(|file| file.expect("a file").path());
        files.filter(|file| !file.ends_with("lock")).collect()
    }

    /// In place of a command of the host: it writes down what it was called with, and answers by these lines.
    fn host_has(&self, name: &str, lines: &str) {
        let file = self.bin().join(name);
        // A link to the host's own would be written through.
        let _ = std::fs::remove_file(&file);
        let log = self.home.path().join(format!("{name}.log"));
        let text = format!(
            "#!/bin/bash\nprintf '%s\\n' \"$*\" >>{}\n{lines}\n",
            log.display()
        );
        std::fs::write(&file, text).expect("room");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("a file of ours");
    }

    fn calls_of(&self, name: &str) -> String {
        std::fs::read_to_string(self.home.path().join(format!("{name}.log"))).unwrap_or_default()
    }

    fn command(&self, verb: &str, flags: &[&str]) -> Command {
        let mut command = self.checkout.driver(&self.gateway, verb, flags);
        command
            .env("PATH", self.bin())
            .env("XDG_CACHE_HOME", self.home.path())
            .stderr(Stdio::piped());
        command
    }

    /// A start on a cluster that does not answer: all that it needs is looked for before.
    fn start_elsewhere(&self) -> Command {
        let file = self.kubeconfig().display().to_string();
        self.command(
            "start",
            &["--kubeconfig", &file, "--context", "none", "--timeout", "1s"],
        )
    }

    /// Containers that programs are copied out of.
    fn containers(&self) -> String {
        docker(&[
            "ps",
            "--all",
            "--quiet",
            "--filter",
            &format!("ancestor={}", self.tag),
            "--filter",
            "name=openshell-programs-",
        ])
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rmi", &self.tag]).output();
    }
}

fn version_of(program: &Path, words: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(words);
    Ended::of(command).well().stdout
}

#[test]
fn they_are_copied_out_of_the_image_once() {
    if skipped_without_docker() {
        return;
    }
    let scene = Scene::new();
    let first = Ended::of(scene.start_elsewhere());
    assert!(
        first.stderr.contains("helm and kubectl are copied out of"),
        "{}",
        first.stderr
    );
    assert!(first.stderr.contains("127.0.0.1:1"), "{}", first.stderr);
    let [folder] = &scene.cached()[..] else {
        panic!("{:?}", scene.cached());
    };
    let id = docker(&["image", "inspect", "--format", "{{.Id}}", &scene.tag]);
    assert!(id.ends_with(folder.file_name().and_then(|name| name.to_str()).expect("a name")));
    assert_eq!(folder.metadata().expect("a folder").mode() & 0o777, 0o700);
    assert!(version_of(&folder.join("helm"), &["version"]).contains("v3."));
    assert!(version_of(&folder.join("kubectl"), &["version", "--client"]).contains("v1."));
    assert_eq!(scene.containers(), "");

    let made = folder.join("helm").metadata().expect("helm").ino();
    let again = Ended::of(scene.start_elsewhere());
    assert!(!again.stderr.contains("copied out of"), "{}", again.stderr);
    assert_eq!(folder.join("helm").metadata().expect("helm").ino(), made);
}

#[test]
fn a_run_that_is_killed_leaves_nothing_half() {
    if skipped_without_docker() {
        return;
    }
    let scene = Scene::new();
    let mut command = scene.start_elsewhere();
    let mut driver = command
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("the driver");
    let begun = |folder: &PathBuf| folder.join("helm").exists();
    until("a copy has begun", || scene.cached().iter().any(begun));
    let mut kill = Command::new("kill");
    kill.args(["-KILL", "--", &format!("-{}", driver.id())]);
    Ended::of(kill).well();
    driver.wait().expect("its end");
    for folder in scene.cached() {
        assert!(folder.to_string_lossy().ends_with(".new"), "{}", folder.display());
    }

    let again = Ended::of(scene.start_elsewhere());
    assert!(again.stderr.contains("copied out of"), "{}", again.stderr);
    let [folder] = &scene.cached()[..] else {
        panic!("{:?}", scene.cached());
    };
    assert!(version_of(&folder.join("helm"), &["version"]).contains("v3."));
    assert!(version_of(&folder.join("kubectl"), &["version", "--client"]).contains("v1."));
    assert_eq!(scene.containers(), "");
}

/// A chart that no registry has: the helm that is asked for it is the one that was chosen.
#[test]
fn the_helm_of_the_host_is_used_from_3_14_on_and_not_4() {
    if skipped_without_docker() {
        return;
    }
    let scene = Scene::new();
    for (version, is_used) in [
        ("v3.13.9", false),
        ("v3.14.0", true),
        ("v3.20.2", true),
        ("v4.0.1", false),
        ("v2.17.0", false),
        ("unreadable", false),
    ] {
        scene.host_has(
            "helm",
            &format!("[[ $1 != version ]] || {{ printf {version}; exit 0; }}\nexit 7"),
        );
        let _ = std::fs::remove_file(scene.home.path().join("helm.log"));
        let chart = "oci://127.0.0.1:1/none/chart:1.0.0";
        let ended = Ended::of(scene.command(
            "start",
            &[
                "--chart",
                chart,
                "--image",
                "none:1",
                "--port",
                &scene.gateway.port.to_string(),
                "--json",
            ],
        ));
        assert_eq!(
            ended.document()["error"]["reason"],
            "chart_pull_failed",
            "{}",
            ended.stderr
        );
        let calls = scene.calls_of("helm");
        assert_eq!(calls.contains("pull "), is_used, "{version}: {calls}");
        assert_eq!(
            ended.stderr.contains("connection refused"),
            !is_used,
            "{version}: {}",
            ended.stderr
        );
    }
}

/// Without an image there is a next step.
#[test]
fn what_is_missing_is_said_with_what_to_do() {
    if skipped_without_docker() {
        return;
    }
    let scene = Scene::new();
    scene.host_has("docker", "exit 1");
    let ended = Ended::of(scene.start_elsewhere());
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    for said in [
        "the cluster image, which has helm and kubectl, is not built",
        "there is no helm 3.14 or a later helm 3: helm is not installed; next: install helm 3.14 or a later helm 3",
    ] {
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
    }
}
