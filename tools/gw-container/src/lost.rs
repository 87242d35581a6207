//! A gateway that this host has files of, and this Docker neither a container nor a volume: a new one would be empty.

use std::path::{Path, PathBuf};

use contract::{Failure, quoted, typed, typed_by_driver};
use gateway_facts::Facts;
use gateway_names::GatewayName;
use gateway_work::Work;

use crate::reasons::VOLUME_MISSING;

/// What the driver calls its backups: GATEWAY-YYYYMMDDTHHMMSS.tar.zst.
const BACKUP_END: &str = ".tar.zst";
const BACKUP_TIME: &str = "00000000T000000";
/// As many backups are named.
const NAMED: usize = 3;

/// Fails for such a gateway, unless an empty one is meant.
///
/// # Errors
/// `volume_missing`.
pub fn refuse(work: &Work, facts: &Facts, is_meant: bool) -> Result<(), Failure> {
    let is_known = work.folder.read_metadata()?.is_some() && work.folder.spec_copy().exists();
    if is_meant || !is_lost(facts, is_known) {
        return Ok(());
    }
    let docker = work.session.host().to_string();
    Err(failure(&work.gateway, &docker, &backups(&work.gateway)))
}

/// Its clients reached it, and nothing of it is left here.
fn is_lost(facts: &Facts, is_known: bool) -> bool {
    is_known && facts.volume.is_none() && facts.container.is_none() && facts.aside.is_none()
}

fn failure(gateway: &GatewayName, docker: &str, backups: &[PathBuf]) -> Failure {
    let start = typed_by_driver("start").unwrap_or_else(|| typed("gw-container ensure"));
    let restore = typed_by_driver("restore").unwrap_or_else(|| typed("gw-backup restore"));
    let quoted = |file: &PathBuf| quoted(&file.to_string_lossy());
    let named: Vec<String> = backups.iter().take(NAMED).map(quoted).collect();
    let (there, file) = match named.first() {
        Some(newest) => (
            format!("; its backups here: {}", named.join(", ")),
            newest.clone(),
        ),
        None => ("; this host has no backup of it".to_owned(), "FILE".to_owned()),
    };
    VOLUME_MISSING.failure(
        format!(
            "clients of this host know gateway {gateway}, and Docker at {docker} has neither its container nor its volume: its sandboxes are on \
             another Docker, or gone{there}"
        ),
        format!(
            "name its Docker: {start} --gateway {gateway} --docker-host URL; or bring a backup back: {restore} {file} --gateway {gateway}; or make an empty \
             gateway: {start} --gateway {gateway} --yes"
        ),
    )
}

/// The backups that the driver made before it destroyed the gateway, the newest first.
fn backups(gateway: &GatewayName) -> Vec<PathBuf> {
    let absolute = |name: &str| {
        let value = std::env::var_os(name).map(PathBuf::from);
        value.filter(|path| path.is_absolute())
    };
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")));
    state.map_or_else(Vec::new, |state| {
        backups_in(&state.join("openshell/backups"), gateway)
    })
}

fn backups_in(folder: &Path, gateway: &GatewayName) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().map(|name| name.to_string_lossy());
            name.is_some_and(|name| is_backup(&name, gateway))
        })
        .collect();
    found.sort();
    found.reverse();
    found
}

fn is_backup(name: &str, gateway: &GatewayName) -> bool {
    let time = name
        .strip_prefix(gateway.as_str())
        .and_then(|rest| rest.strip_prefix('-')?.strip_suffix(BACKUP_END));
    time.is_some_and(|time| {
        let is_like = |(is, like): (char, char)| {
            if like == '0' {
                is.is_ascii_digit()
            } else {
                is == like
            }
        };
        time.len() == BACKUP_TIME.len() && time.chars().zip(BACKUP_TIME.chars()).all(is_like)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use gateway_facts::Volume;

    use super::*;

    #[test]
    fn only_a_gateway_that_was_known_and_of_which_nothing_is_left_is_lost() {
        let nothing = Facts::default();
        let volume = Facts {
            volume: Some(Volume {
                name: "openshell-cluster-g".to_owned(),
                label: None,
                labels: BTreeMap::new(),
                mountpoint: String::new(),
            }),
            ..Facts::default()
        };
        for (facts, is_known, expected) in [
            (&nothing, true, true),
            (&nothing, false, false),
            (&volume, true, false),
        ] {
            assert_eq!(is_lost(facts, is_known), expected, "{facts:?} {is_known}");
        }
    }

    #[test]
    fn backups_of_this_gateway_are_named_the_newest_first() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in [
            "g-20260101T000000.tar.zst",
            "g-20260301T000000.tar.zst",
            "g-20260201T000000.tar.zst",
            "g-more-20260201T000000.tar.zst",
            "g-20260201T000000.tar.zst.part",
            "g.tar.zst",
        ] {
            std::fs::write(folder.path().join(name), "").expect("room");
        }
        let gateway = "g".parse().expect("a name");
        let found = backups_in(folder.path(), &gateway);
        let names: Vec<_> = found
            .iter()
            .map(|file| file.file_name().expect("a name").to_string_lossy())
            .collect();
        assert_eq!(
            names,
            [
                "g-20260301T000000.tar.zst",
                "g-20260201T000000.tar.zst",
                "g-20260101T000000.tar.zst"
            ]
        );
        let failure = failure(&gateway, "unix:///var/run/docker.sock", &found);
        assert_eq!(failure.reason, "volume_missing");
        assert!(
            failure.hint.contains("g-20260301T000000.tar.zst --gateway g"),
            "{}",
            failure.hint
        );
        assert!(failure.hint.ends_with("--gateway g --yes"), "{}", failure.hint);
        let without = super::failure(&gateway, "unix:///var/run/docker.sock", &[]);
        assert!(without.message.contains("no backup"), "{}", without.message);
    }
}
