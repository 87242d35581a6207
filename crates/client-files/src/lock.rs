//! One lock a gateway: flock on one fixed file in its folder, the same from every login, cron or service.
//! The kernel lets go of it with the process, however that ends.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use contract::{Console, Failure};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::file_failure::file_failure;
use crate::{GatewayFolder, LOCK_FD_INVALID, LOCKED, SharedLock};

/// How often a held lock is asked for again: a wait that people do not notice, and no load.
const AGAIN: Duration = Duration::from_millis(50);

/// The gateway's lock, held until it is dropped; one that was handed on by `--lock-fd` stays with its owner.
#[derive(Debug)]
pub struct Lock {
    held: Option<(File, GatewayFolder)>,
}

/// A folder that was made for the lock alone goes with it.
impl Drop for Lock {
    fn drop(&mut self) {
        let Some((file, folder)) = &self.held else {
            return;
        };
        // After the folder was removed, another run may have made it and its lock anew.
        if !is_at(file, &folder.lock_file()) {
            return;
        }
        let Ok(entries) = fs::read_dir(folder.path()) else {
            return;
        };
        let only_lock = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .all(|path| path.is_ok_and(|path| path == folder.lock_file()));
        if only_lock && fs::remove_file(folder.lock_file()).is_ok() {
            // Somebody may have written there since: then the folder stays.
            let _ = fs::remove_dir(folder.path());
        }
    }
}

impl Lock {
    /// Takes the gateway's lock for `verb`, waiting at most `patience` for another run. The file then holds the
    /// process id and the verb, for whoever is refused.
    ///
    /// With `lock_fd` the lock is one that the caller of this process holds: the descriptor must be of that very
    /// file, and locked (`lock_fd_invalid`, exit code 2). Rust opens files close-on-exec, so that no child keeps the
    /// lock. `locked` (75) names the holder.
    pub async fn acquire(
        folder: &GatewayFolder,
        verb: &str,
        patience: Duration,
        lock_fd: Option<i32>,
        console: &Console,
    ) -> Result<Self, Failure> {
        let path = folder.lock_file();
        if let Some(number) = lock_fd {
            return inherited(number, &path).map(|()| Self { held: None });
        }
        let until = Instant::now() + patience;
        loop {
            folder.make()?;
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&path)
                .map_err(|error| file_failure("open", &path, &error))?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) if is_at(&file, &path) => {
                    console.ended_waiting();
                    write_holder(&mut file, verb).map_err(|error| file_failure("write", &path, &error))?;
                    return Ok(Self {
                        held: Some((file, folder.clone())),
                    });
                }
                // The gateway's folder was removed by the run that held the lock: the new file counts.
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => {
                    let holder = holder(&mut file);
                    if Instant::now() >= until {
                        return Err(held(folder, &holder));
                    }
                    console.waiting(&format!(
                        "the lock of gateway {}, held by {holder}",
                        folder.gateway()
                    ));
                    tokio::time::sleep(AGAIN).await;
                }
                Err(errno) => return Err(file_failure("lock", &path, &errno.into())),
            }
        }
    }

    /// Programs that this process starts from now on keep the lock as long as they run: what works on the gateway and outlives this
    /// process, if that is killed, keeps others out. One that was handed on to this process is so already.
    pub fn share(&self, folder: &GatewayFolder) -> Result<SharedLock, Failure> {
        let path = folder.lock_file();
        if let Some((file, _)) = &self.held {
            rustix::io::fcntl_setfd(file, rustix::io::FdFlags::empty())
                .map_err(|errno| file_failure("hand on", &path, &errno.into()))?;
        }
        Ok(SharedLock::at(path))
    }
}

fn held(folder: &GatewayFolder, holder: &str) -> Failure {
    LOCKED.failure(
        format!("gateway {} is being worked on by {holder}", folder.gateway()),
        "wait for it to end, then run the command again (--lock-timeout says how long to wait)",
    )
}

/// Who holds the gateway's lock at this moment: `process 12 (ensure)`; `None` where nobody does. The lock is not touched, so
/// that no run that wants it is kept from it: the kernel lists all locks in /proc/locks.
pub fn lock_holder(folder: &GatewayFolder) -> Option<String> {
    let mut file = File::open(folder.lock_file()).ok()?;
    let inode = file.metadata().ok()?.ino();
    let locks = fs::read_to_string("/proc/locks").ok()?;
    if !locks.lines().any(|line| is_flock_of(line, inode)) {
        return None;
    }
    let holder = read_holder(&mut file);
    // Two file systems may have a file of one number: the process that wrote its name must be alive.
    let lives = |pid: &str| Path::new("/proc").join(pid).exists();
    holder
        .as_ref()
        .is_none_or(|(pid, _)| lives(pid))
        .then(|| in_words(holder))
}

/// Is it a flock on the file of this number? `12: FLOCK  ADVISORY  WRITE 345 fe:00:5398676 0 EOF` (proc_locks(5)).
fn is_flock_of(line: &str, inode: u64) -> bool {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let file = fields.get(5).and_then(|field| field.rsplit(':').next());
    fields.get(1) == Some(&"FLOCK")
        && fields.get(3) == Some(&"WRITE")
        && file.and_then(|number| number.parse().ok()) == Some(inode)
}

/// Is this file still the one of that name?
fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(opened), Ok(named)) => (opened.dev(), opened.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

fn write_holder(file: &mut File, verb: &str) -> std::io::Result<()> {
    file.set_len(0)?;
    writeln!(file, "{} {verb}", std::process::id())
}

fn holder(file: &mut File) -> String {
    in_words(read_holder(file))
}

/// Process id and verb, as the holder wrote them.
fn read_holder(file: &mut File) -> Option<(String, String)> {
    let mut text = String::new();
    let _ = file.take(200).read_to_string(&mut text);
    let (pid, verb) = text.trim().split_once(' ')?;
    pid.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| (pid.to_owned(), verb.to_owned()))
}

fn in_words(holder: Option<(String, String)>) -> String {
    holder.map_or_else(
        || "another process".to_owned(),
        |(pid, verb)| format!("process {pid} ({})", verb.escape_debug()),
    )
}

/// The kernel lists the locks of an open file in its fdinfo: so the lock is known to be the caller's, not a third's.
fn inherited(number: i32, path: &Path) -> Result<(), Failure> {
    let refused = |why: &str| {
        LOCK_FD_INVALID.failure(
            format!("--lock-fd {number}: {why}"),
            format!("lock it first: exec {number}<>{}; flock {number}", path.display()),
        )
    };
    let link = format!("/proc/self/fd/{number}");
    let opened = fs::metadata(&link).map_err(|_| refused("no such descriptor is open"))?;
    let same =
        fs::metadata(path).is_ok_and(|named| (opened.dev(), opened.ino()) == (named.dev(), named.ino()));
    if !same {
        return Err(refused(&format!(
            "it is not the gateway's lock, {}",
            path.display()
        )));
    }
    let facts = fs::read_to_string(format!("/proc/self/fdinfo/{number}"))
        .map_err(|error| refused(&format!("its locks cannot be read: {error}")))?;
    let locked = facts
        .lines()
        .any(|line| line.starts_with("lock:") && line.contains("FLOCK") && line.contains("WRITE"));
    if locked {
        Ok(())
    } else {
        Err(refused("it is open and not locked"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ClientFiles;
    use std::os::fd::AsRawFd;

    fn console() -> Console {
        Console::new("test", true, true)
    }

    fn folder(home: &tempfile::TempDir) -> GatewayFolder {
        ClientFiles::in_folder(home.path()).gateway(&"g".parse().unwrap())
    }

    #[tokio::test]
    async fn a_second_run_is_told_who_holds_it() {
        let home = tempfile::tempdir().unwrap();
        let folder = folder(&home);
        let lock = Lock::acquire(&folder, "ensure", Duration::ZERO, None, &console())
            .await
            .unwrap();
        let failure = Lock::acquire(&folder, "stop", Duration::from_millis(120), None, &console())
            .await
            .unwrap_err();
        assert_eq!((failure.reason, failure.exit.code()), ("locked", 75));
        let expected = format!("process {} (ensure)", std::process::id());
        assert!(failure.message.contains(&expected), "{}", failure.message);
        let own = format!("process {} (ensure)", std::process::id());
        assert_eq!(lock_holder(&folder), Some(own));
        drop(lock);
        assert_eq!(lock_holder(&folder), None);
        let lock = Lock::acquire(&folder, "stop", Duration::ZERO, None, &console())
            .await
            .unwrap();
        assert_eq!(folder.mode_of(&folder.lock_file()), Some(0o600));
        drop(lock);
        assert!(!folder.path().exists(), "it was made for the lock alone");
    }

    #[tokio::test]
    async fn what_else_is_in_the_folder_stays_and_so_does_the_lock_of_another_run() {
        let home = tempfile::tempdir().unwrap();
        let folder = folder(&home);
        let quiet = console();
        let take = || Lock::acquire(&folder, "ensure", Duration::ZERO, None, &quiet);
        let lock = take().await.unwrap();
        folder.write_private("spec.json", b"{}").unwrap();
        drop(lock);
        assert!(folder.lock_file().exists());
        let former = take().await.unwrap();
        folder.remove().unwrap();
        let other = take().await.unwrap();
        drop(former);
        assert!(folder.lock_file().exists(), "it is the other run's");
        drop(other);
    }

    #[tokio::test]
    async fn whoever_waits_gets_it_even_when_the_folder_was_removed_meanwhile() {
        let home = tempfile::tempdir().unwrap();
        let folder = folder(&home);
        let quiet = console();
        let lock = Lock::acquire(&folder, "remove", Duration::ZERO, None, &quiet)
            .await
            .unwrap();
        let waiter = Lock::acquire(&folder, "ensure", Duration::from_secs(60), None, &quiet);
        let remover = async {
            tokio::task::yield_now().await;
            folder.remove().unwrap();
            drop(lock);
        };
        let (waited, ()) = tokio::join!(waiter, remover);
        let waited = waited.unwrap();
        assert!(folder.lock_file().exists());
        drop(waited);
        assert!(!folder.path().exists());
    }

    #[tokio::test]
    async fn a_descriptor_counts_only_if_it_holds_that_very_lock() {
        let home = tempfile::tempdir().unwrap();
        let folder = folder(&home);
        let by = |number: i32| Lock::acquire(&folder, "pki", Duration::ZERO, Some(number), &QUIET);
        static QUIET: std::sync::LazyLock<Console> = std::sync::LazyLock::new(console);
        let lock = Lock::acquire(&folder, "start", Duration::ZERO, None, &QUIET)
            .await
            .unwrap();
        by(lock.held.as_ref().unwrap().0.as_raw_fd()).await.unwrap();
        let unlocked = File::open(folder.lock_file()).unwrap();
        let elsewhere = File::open(home.path()).unwrap();
        for (number, why) in [
            (unlocked.as_raw_fd(), "not locked"),
            (elsewhere.as_raw_fd(), "not the gateway's lock"),
            (i32::MAX, "no such descriptor"),
        ] {
            let failure = by(number).await.unwrap_err();
            assert_eq!((failure.reason, failure.exit.code()), ("lock_fd_invalid", 2));
            assert!(failure.message.contains(why), "{}", failure.message);
        }
    }
}
