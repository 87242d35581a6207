//! Adds a gateway to a kubeconfig file of somebody's.

use std::fs::{self, OpenOptions};
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use api_access::{KUBECONFIG_INVALID, write_kubeconfig};
use contract::Failure;
use gateway_work::Record;
use serde_norway::Value;

use crate::reasons::{KUBECONFIG_LOCKED, KUBECONFIG_PERMISSION, KUBECONFIG_UNREADABLE};

/// Adds the gateway to kubectl's file, under the lock that kubectl itself takes: a file beside it that only one can make. A dry run
/// writes nothing, and so needs no lock.
pub fn into_file(record: &Record, path: &Path, text: &str) -> Result<(), Failure> {
    let _lock = if record.is_dry_run() {
        None
    } else {
        Some(FileLock::take(path)?)
    };
    let present = match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        read => read.map_err(|error| failed(path, &error))?,
    };
    let both = merged(&present, text).map_err(|why| {
        KUBECONFIG_INVALID.failure(
            format!("{} is not understood: {why}; it was not changed", path.display()),
            "correct it, or write another file: --file FILE",
        )
    })?;
    write_kubeconfig(record, path, &both)
}

/// The lock of a kubeconfig file, gone when this is dropped.
struct FileLock(PathBuf);

impl FileLock {
    fn take(path: &Path) -> Result<Self, Failure> {
        let lock = PathBuf::from(format!("{}.lock", path.display()));
        match OpenOptions::new().write(true).create_new(true).open(&lock) {
            Ok(_) => Ok(Self(lock)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(KUBECONFIG_LOCKED.failure(
                format!("another program is changing {}", path.display()),
                format!("wait for it; if nothing does, remove {}", lock.display()),
            )),
            Err(error) => Err(failed(&lock, &error)),
        }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn failed(path: &Path, error: &Error) -> Failure {
    let message = format!("cannot read or write {}: {error}", path.display());
    let hint = format!(
        "look at it: ls -ld {0} $(dirname {0})",
        contract::quoted(&path.display().to_string())
    );
    if error.kind() == ErrorKind::PermissionDenied {
        KUBECONFIG_PERMISSION.failure(message, hint)
    } else {
        KUBECONFIG_UNREADABLE.failure(message, hint)
    }
}

/// Adds cluster, user and context of `own` to another kubeconfig, or replaces those of the same name. What else is in it
/// stays, and so does its current context, where it has one.
fn merged(other: &[u8], own: &str) -> Result<String, String> {
    let own: Value = serde_norway::from_str(own).map_err(|error| error.to_string())?;
    let mut all: Value = serde_norway::from_slice(other).map_err(|error| error.to_string())?;
    if all.is_null() {
        all = Value::Mapping(serde_norway::Mapping::new());
    }
    if !all.is_mapping() {
        return Err("it is no kubeconfig".to_owned());
    }
    for list in ["clusters", "users", "contexts"] {
        let mut entries = match &all[list] {
            Value::Null => Vec::new(),
            Value::Sequence(entries) => entries.clone(),
            _ => return Err(format!("its {list} are no list")),
        };
        let new = own[list][0].clone();
        // A context without a user has none to add.
        if new.is_null() {
            continue;
        }
        match entries.iter_mut().find(|entry| entry["name"] == new["name"]) {
            Some(entry) => *entry = new,
            None => entries.push(new),
        }
        all[list] = Value::Sequence(entries);
    }
    for field in ["apiVersion", "kind", "current-context"] {
        let unset = all[field].is_null() || all[field] == "";
        if unset {
            all[field] = own[field].clone();
        }
    }
    serde_norway::to_string(&all).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use api_access::for_host;

    const K3S: &str = "apiVersion: v1\nkind: Config\nclusters:\n- name: default\n  cluster:\n    certificate-authority-data: Q0E=\n    server: https://127.0.0.1:6443\ncontexts:\n- name: default\n  context:\n    cluster: default\n    user: default\ncurrent-context: default\npreferences: {}\nusers:\n- name: default\n  user:\n    client-certificate-data: Qw==\n    client-key-data: Sw==\n";

    #[test]
    fn is_added_to_another_file_and_replaces_itself_there() {
        let own = |server: &str| for_host(K3S.as_bytes(), "g", server).unwrap();
        let other = K3S.replace("default", "elsewhere");
        let both = merged(other.as_bytes(), &own("https://a")).unwrap();
        let again = merged(both.as_bytes(), &own("https://b")).unwrap();
        let value: Value = serde_norway::from_str(&again).unwrap();
        assert_eq!(value["clusters"].as_sequence().unwrap().len(), 2);
        assert_eq!(value["clusters"][1]["cluster"]["server"], "https://b");
        assert_eq!(
            (&value["clusters"][0]["name"], &value["current-context"]),
            (&"elsewhere".into(), &"elsewhere".into())
        );
        assert_eq!(merged(again.as_bytes(), &own("https://b")).unwrap(), again);
        let first: Value = serde_norway::from_str(&merged(b"", &own("https://a")).unwrap()).unwrap();
        assert_eq!(first["current-context"], "g");
        let without_user = "clusters: [{name: g}]\ncontexts: [{name: g}]\nusers: []\n";
        let value: Value = serde_norway::from_str(&merged(b"", without_user).unwrap()).unwrap();
        assert!(value["users"].is_null() && !value["clusters"].is_null());
        for wrong in [&b"[]"[..], b"clusters: 1", b"a: b: c"] {
            assert!(merged(wrong, &own("https://a")).is_err());
        }
    }
}
