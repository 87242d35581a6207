//! A disk in a file, which can lose its power: what was not written to it by then is gone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::driver::Ended;

/// How long a copy is tried during which nothing was written.
const PATIENCE: Duration = Duration::from_secs(60);

/// The disk, mounted. Dropping it unmounts it.
#[derive(Debug)]
pub struct LoopDisk {
    file: PathBuf,
    mounted: PathBuf,
}

impl LoopDisk {
    /// A new one below the folder, of this many bytes; it takes no more room than what is written on it.
    ///
    /// # Panics
    /// Where it cannot be made: only root can.
    pub fn mounted_in(folder: &Path, size: u64) -> Self {
        let made = Self {
            file: folder.join("disk.ext4"),
            mounted: folder.join("disk"),
        };
        let file = fs::File::create(&made.file).expect("room");
        file.set_len(size).expect("room");
        fs::create_dir(&made.mounted).expect("a folder");
        run("mkfs.ext4", &["-q", "-F", path(&made.file)]);
        made.mount();
        made
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        &self.mounted
    }

    fn mount(&self) {
        run(
            "mount",
            &["--options", "loop", path(&self.file), path(&self.mounted)],
        );
    }

    /// Copies what is on the disk at this moment, without what the machine has still to write. The caller has stopped whatever
    /// writes; the machine may write by itself, and then it is copied again.
    ///
    /// # Panics
    /// Where the disk is written to without a pause.
    pub fn copy(&self) -> PathBuf {
        let copy = self.file.with_extension("copy");
        let end = Instant::now() + PATIENCE;
        loop {
            let before = self.writes();
            run("cp", &["--sparse=always", path(&self.file), path(&copy)]);
            if self.writes() == before {
                return copy;
            }
            assert!(Instant::now() < end, "the disk is written to all the time");
        }
    }

    /// How many writes the block device has completed (the kernel's Documentation/block/stat.rst, field 5).
    fn writes(&self) -> u64 {
        let table = fs::read_to_string("/proc/self/mounts").expect("a table");
        let line = table
            .lines()
            .find(|line| line.split(' ').nth(1) == Some(path(&self.mounted)))
            .expect("it is mounted");
        let device = line
            .split(' ')
            .next()
            .and_then(|device| device.strip_prefix("/dev/"));
        let counters =
            fs::read_to_string(format!("/sys/block/{}/stat", device.expect("a device"))).expect("counters");
        let writes = counters
            .split_whitespace()
            .nth(4)
            .and_then(|count| count.parse().ok());
        writes.expect("a count")
    }

    /// The copy takes the disk's place. Nothing may run on the disk any more.
    ///
    /// # Panics
    /// Where it cannot be mounted.
    pub fn comes_back_as(&self, copy: &Path) {
        run("umount", &["--lazy", "--recursive", path(&self.mounted)]);
        // The file of before goes with its last user.
        fs::rename(copy, &self.file).expect("the same folder");
        self.mount();
    }
}

impl Drop for LoopDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .args(["--lazy", "--recursive"])
            .arg(&self.mounted)
            .output();
    }
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

fn run(program: &str, arguments: &[&str]) {
    let mut command = Command::new(program);
    command.args(arguments);
    Ended::of(command).well();
}
