//! A machine on which nothing is installed: a container of a bare Debian, in which an engine of its own can run.

use std::process::{Command, Stdio};

use crate::driver::{Ended, repository};
use crate::gateway::{docker, random_name};

/// The machine. The checkout is in `/src`, and cannot be written. Dropping it removes it.
#[derive(Debug)]
pub struct FreshMachine {
    name: String,
    image: Option<String>,
}

/// Where Rust and Go are on it.
const TOOLCHAINS: &str = "/opt/rust/bin:/opt/go/bin";

/// What a login's PATH is without them.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl FreshMachine {
    /// With Debian 12, from the base layer of the cluster image if that is here. Packages come from the mirrors of this host's apt.
    ///
    /// # Panics
    /// Where it cannot be made.
    pub fn debian_12() -> Self {
        let layers = docker(&["images", "--quiet", "openshell/base"]);
        match layers.lines().next() {
            Some(layer) => Self::of("bookworm", layer, None),
            None => Self::debootstrapped("bookworm").expect("a base system"),
        }
    }

    /// With another Debian, from the mirrors that this host's apt is configured for.
    ///
    /// # Errors
    /// What debootstrap said, where it failed: a mirror may not answer.
    pub fn debootstrapped(suite: &str) -> Result<Self, String> {
        let image = format!("openshell-{}/base:{suite}", random_name());
        let folder = tempfile::Builder::new()
            .prefix("openshell-base-")
            .tempdir()
            .expect("a folder");
        let mut make = Command::new("bash");
        make.args([
            "-e",
            "-o",
            "pipefail",
            "-c",
            r#"chmod 755 "$0"
            source images/lib/mirrors.sh
            mirrors_found
            debootstrap --variant=minbase "$1" "$0/root" "$mirror"
            tar --create --directory "$0/root" --exclude './var/cache/apt/*' . | docker import - "$2""#,
        ])
        .arg(folder.path())
        .args([suite, &image])
        .current_dir(repository());
        let ended = Ended::of(make);
        if ended.code != 0 {
            return Err(format!("{}{}", ended.stdout, ended.stderr));
        }
        Ok(Self::of(suite, &image, Some(image.clone())))
    }

    /// It has all rights but the one that Debian's init script of Docker needs for its limits: some hosts do not have it.
    fn of(suite: &str, image: &str, own: Option<String>) -> Self {
        let name = format!("openshell-{}", random_name());
        let mount = |host: &str, path: &str| format!("{host}:{path}:ro");
        let source = mount(&repository().display().to_string(), "/src");
        let rust = mount(&said("rustc", &["--print", "sysroot"]), "/opt/rust");
        let go = mount(&said("go", &["env", "GOROOT"]), "/opt/go");
        let mut words = vec!["run", "--detach", "--init", "--name", &name];
        words.extend(["--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE"]);
        words.extend(["--security-opt", "seccomp=unconfined"]);
        words.extend(["--security-opt", "apparmor=unconfined"]);
        words.extend(["--security-opt", "systempaths=unconfined"]);
        words.extend(["--volume", "/sys/fs/cgroup:/sys/fs/cgroup"]);
        words.extend(["--volume", "/var/lib/docker"]);
        words.extend(["--volume", &source, "--volume", &rust, "--volume", &go]);
        for proxy in ["http_proxy", "https_proxy", "no_proxy"] {
            words.extend(["--env", proxy]);
        }
        words.extend(["--workdir", "/src", image, "sleep", "infinity"]);
        let machine = Self {
            name: name.clone(),
            image: own,
        };
        docker(&words);
        let of_host = |function: &str| {
            let line = format!("suite={suite}; source images/lib/mirrors.sh; mirrors_found; {function}");
            let mut ask = Command::new("bash");
            ask.args(["-c", &line]).current_dir(repository());
            Ended::of(ask).well().stdout
        };
        let write = format!(
            "rm -f /etc/apt/sources.list.d/*
            cat >/etc/apt/sources.list <<'end'\n{}end\ncat >/etc/apt/apt.conf.d/99proxies <<'end'\n{}end\n",
            of_host("apt_sources"),
            of_host("apt_proxies")
        );
        machine.run(&write).well();
        machine
    }

    /// Runs a line of bash as root, with Rust and Go, and without a terminal.
    pub fn run(&self, line: &str) -> Ended {
        self.run_as("root", &format!("{PATH}:{TOOLCHAINS}"), line)
    }

    /// The same without Rust and Go.
    pub fn run_without_toolchains(&self, line: &str) -> Ended {
        self.run_as("root", PATH, line)
    }

    /// The same as another user of the machine, with Rust and Go.
    pub fn run_as_user(&self, user: &str, line: &str) -> Ended {
        self.run_as(user, &format!("/usr/bin:/bin:{TOOLCHAINS}"), line)
    }

    fn run_as(&self, user: &str, path: &str, line: &str) -> Ended {
        let mut command = Command::new("docker");
        command
            .args(["exec", "--interactive", "--user", user, "--env"])
            .arg(format!("PATH={path}"))
            .args([&self.name, "bash", "-c", line])
            .stdin(Stdio::null());
        Ended::of(command)
    }

    /// Copies a program of this host to the machine's `/usr/local/bin`.
    pub fn take_program(&self, program: &std::path::Path) {
        let target = format!("{}:/usr/local/bin/", self.name);
        docker(&["cp", &program.display().to_string(), &target]);
    }
}

impl Drop for FreshMachine {
    fn drop(&mut self) {
        let _ = Command::new("docker")
            .args(["rm", "--force", "--volumes", &self.name])
            .output();
        if let Some(image) = &self.image {
            let _ = Command::new("docker").args(["rmi", image]).output();
        }
    }
}

fn said(program: &str, words: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(words);
    Ended::of(command).well().stdout.trim().to_owned()
}
