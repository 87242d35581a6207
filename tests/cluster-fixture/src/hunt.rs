//! Looks for secret values in places where none may be.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use k8s_openapi::ByteString;

use crate::SharedGateway;

/// Shorter parts of a value could be there by chance.
const SHORTEST: usize = 32;

/// The values, and where they were found.
pub struct Hunt {
    needles: Vec<Vec<u8>>,
    looked_at: usize,
    found: Vec<String>,
}

impl Hunt {
    /// Looks for these values, as they are, line by line (keys as PEM) and in base64 (as Kubernetes has them).
    ///
    /// # Panics
    /// Where a value is too short to be told from chance.
    pub fn for_values(values: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut needles = Vec::new();
        for value in values {
            assert!(value.len() >= SHORTEST, "too short a secret");
            let lines = value.split(|byte| *byte == b'\n');
            needles.extend(lines.filter(|line| is_telling(line)).map(<[u8]>::to_vec));
            let encoded = serde_json::to_string(&ByteString(value)).expect("base64 is plain text");
            // What follows a line of armour is the secret itself.
            let body = encoded.trim_matches('"').trim_end_matches('=');
            needles.push(body.as_bytes()[body.len() / 2..].to_vec());
        }
        assert!(!needles.is_empty(), "nothing to look for");
        Self {
            needles,
            looked_at: 0,
            found: Vec::new(),
        }
    }

    /// Looks in a text.
    pub fn text(&mut self, place: &str, text: &[u8]) {
        self.looked_at += 1;
        if self.is_in(text) {
            self.found.push(place.to_owned());
        }
    }

    /// Looks in what a command prints.
    ///
    /// # Panics
    /// Where it fails, or prints nothing.
    pub fn output(&mut self, mut command: Command) {
        let output = command.output().expect("the command can be started");
        let place = format!("{command:?}");
        assert!(
            output.status.success(),
            "{place}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let is_silent = output.stdout.is_empty() && output.stderr.is_empty();
        assert!(!is_silent, "{place} printed nothing");
        self.text(&place, &output.stdout);
        self.text(&place, &output.stderr);
    }

    /// Looks in every file below a folder that others than its owner may read.
    ///
    /// # Panics
    /// Where a folder cannot be read.
    pub fn files(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let metadata = fs::symlink_metadata(&path).expect("a file");
            if metadata.is_dir() {
                self.files(&path);
            } else if metadata.is_file() && metadata.permissions().mode() & 0o177 != 0 {
                let content = fs::read(&path).unwrap_or_default();
                self.text(&path.display().to_string(), &content);
            }
        }
    }

    /// Looks in the command lines of all processes of this host, again and again while `work` runs.
    pub fn processes<T: Send>(&mut self, work: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let thread = scope.spawn(work);
            while !thread.is_finished() {
                self.command_lines();
                std::thread::yield_now();
            }
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn command_lines(&mut self) {
        for entry in fs::read_dir("/proc").expect("/proc").flatten() {
            // A process may have ended meanwhile.
            if let Ok(line) = fs::read(entry.path().join("cmdline")) {
                let name = String::from_utf8_lossy(line.split(|byte| *byte == 0).next().unwrap_or_default());
                self.text(&format!("command line of {name}"), &line);
            }
        }
    }

    /// Looks at what others than its owner see of a gateway: files, container, objects, events and logs.
    ///
    /// # Panics
    /// Where a command fails.
    pub fn gateway(&mut self, gateway: &SharedGateway) {
        self.files(&gateway.config);
        let container = format!("openshell-cluster-{}", gateway.name);
        for words in [["inspect", &container], ["logs", &container], ["top", &container]] {
            let mut docker = Command::new("docker");
            docker.args(words);
            self.output(docker);
        }
        let everywhere = ["--all-namespaces", "--output"];
        let of_gateway = ["--namespace", "openshell"];
        let with_metadata = "secrets,pods,services,statefulsets,configmaps,events";
        // A sandbox's pod carries the handshake secret as a literal, as its protocol has it; nothing else does.
        let whole = "events,services,statefulsets,configmaps,persistentvolumes,nodes";
        for words in [
            [
                &["get", with_metadata][..],
                &everywhere,
                &["jsonpath={.items[*].metadata}"],
            ],
            [&["get", whole], &everywhere, &["json"]],
            [&["get", "pod", "openshell-0"], &of_gateway, &["--output", "json"]],
            [&["logs", "openshell-0"], &of_gateway, &[]],
        ] {
            self.output(gateway.kubectl(&words.concat()));
        }
    }

    /// Where values were found so far.
    pub fn found(&self) -> &[String] {
        &self.found
    }

    /// # Panics
    /// Where a value was found, or nothing was looked at.
    pub fn assert_found_nothing(self) {
        assert!(self.looked_at > 0, "nothing was looked at");
        assert!(self.found.is_empty(), "a secret is in: {:#?}", self.found);
    }

    fn is_in(&self, text: &[u8]) -> bool {
        let contains = |needle: &Vec<u8>| {
            text.windows(needle.len())
                .any(|window| window == needle.as_slice())
        };
        self.needles.iter().any(contains)
    }
}

fn is_telling(line: &[u8]) -> bool {
    line.len() >= SHORTEST && !line.starts_with(b"-----")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Stdio;

    const VALUE: &str = "4f1d0c9ea7b2356848d0f7c15e3a92b64f1d0c9ea7b2356848d0f7c15e3a92b6";

    fn hunt() -> Hunt {
        Hunt::for_values([VALUE.as_bytes().to_vec()])
    }

    #[test]
    fn finds_what_was_planted() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sub/file");
        fs::create_dir(folder.path().join("sub")).unwrap();
        fs::write(&file, format!("x{VALUE}x")).unwrap();
        let mut found = hunt();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        found.files(folder.path());
        assert_eq!(found.found.len(), 0, "a private file may hold it");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        found.files(folder.path());
        assert_eq!(found.found.len(), 1);

        let encoded = serde_json::to_string(&ByteString(VALUE.into())).unwrap();
        found.text("base64", encoded.as_bytes());
        let mut echo = Command::new("echo");
        echo.arg(VALUE);
        found.output(echo);
        assert_eq!(found.found.len(), 3);

        // It waits for standard input, with the value in its command line.
        let mut waits = Command::new("sh")
            .args(["-c", "read -r line", VALUE])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        found.processes(|| ());
        found.command_lines();
        drop(waits.stdin.take());
        waits.wait().unwrap();
        assert!(
            found.found.last().unwrap().starts_with("command line of sh"),
            "{:?}",
            found.found
        );
    }

    #[test]
    fn finds_a_key_line_by_line_and_nothing_where_nothing_is() {
        let key = format!("-----BEGIN PRIVATE KEY-----\n{VALUE}\n-----END PRIVATE KEY-----\n");
        let mut found = Hunt::for_values([key.into_bytes()]);
        found.text("armour alone", b"-----BEGIN PRIVATE KEY-----");
        assert_eq!(found.found.len(), 0);
        found.text("a line", format!("key: {VALUE}").as_bytes());
        assert_eq!(found.found.len(), 1);
        let mut clean = hunt();
        clean.text("nothing", &VALUE.as_bytes()[1..]);
        clean.assert_found_nothing();
    }

    #[test]
    #[should_panic(expected = "nothing was looked at")]
    fn a_hunt_without_a_place_is_none() {
        hunt().assert_found_nothing();
    }
}
