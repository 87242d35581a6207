//! Brings what is seen of sandboxes together, and writes the phases that follow.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kube::api::DynamicObject;
use reference_base::log::{self, Level};

use crate::phase::{Phase, Ready, Seen, after_exit, next};
use crate::store::Store;

/// What is seen of all sandboxes; their phases are in the store.
pub struct Phases {
    store: Arc<Store>,
    sessions_needed: bool,
    seen: Mutex<HashMap<String, Seen>>,
}

impl Phases {
    /// `sessions_needed`: sandboxes dial in, and are ready only while they are connected.
    pub fn new(store: Arc<Store>, sessions_needed: bool) -> Self {
        Self {
            store,
            sessions_needed,
            seen: Mutex::default(),
        }
    }

    /// The object of a sandbox is there, as told.
    pub fn object_is(&self, id: &str, object: &DynamicObject) {
        let conditions = object.data["status"]["conditions"].as_array();
        let condition = |name: &str| conditions.and_then(|all| all.iter().find(|one| one["type"] == name));
        let ready = match condition("Ready") {
            None => Ready::Unknown,
            Some(ready) if ready["status"] == "True" => Ready::Yes,
            Some(ready) => Ready::No(ready["reason"].as_str().unwrap_or_default().to_owned()),
        };
        let suspended = condition("Suspended").is_some_and(|suspended| suspended["status"] == "True");
        let deleting = object.metadata.deletion_timestamp.is_some();
        self.change(id, |seen| {
            seen.ready = ready;
            seen.suspended = suspended;
            seen.deleting = deleting;
        });
    }

    /// The object of a sandbox is not there. What a user deleted is forgotten; the sweep takes the rest.
    pub fn object_is_gone(&self, id: &str) {
        let known = self.change(id, |seen| {
            seen.ready = Ready::Unknown;
            seen.suspended = false;
            seen.deleting = false;
        });
        if known == Some(Phase::Deleting) {
            complain(id, self.store.remove(id));
        }
    }

    /// A supervisor has a session, or has it no more.
    pub fn session_is(&self, id: &str, connected: bool) {
        self.change(id, |seen| seen.session = connected);
    }

    /// A main process ended, says its supervisor.
    pub fn main_process_ended(&self, id: &str, code: i32) -> anyhow::Result<()> {
        self.store.set_exit_code(id, code)?;
        let changed = self.store.change_phase(id, after_exit)?;
        tell(id, changed, format_args!("its main process ended with {code}"));
        Ok(())
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Seen)) -> Option<Phase> {
        let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = all.entry(id.to_owned()).or_default();
        change(seen);
        let seen = Seen {
            session: seen.session || !self.sessions_needed,
            ..seen.clone()
        };
        let changed = self.store.change_phase(id, |now| next(now, &seen));
        match changed {
            // Without a record an object is ignored; a session may be there before the object is seen.
            Ok(None) => None,
            Ok(Some(phases)) => {
                tell(id, Some(phases), format_args!("{}", seen.ready));
                Some(phases.1)
            }
            Err(error) => {
                complain(id, Err(error));
                None
            }
        }
    }
}

fn tell(id: &str, changed: Option<(Phase, Phase)>, cause: std::fmt::Arguments<'_>) {
    if let Some((before, after)) = changed.filter(|(before, after)| before != after) {
        log::write(
            Level::Info,
            format_args!("sandbox {id}: {before} -> {after} ({cause})"),
        );
    }
}

fn complain(id: &str, outcome: anyhow::Result<()>) {
    if let Err(error) = outcome {
        log::write(Level::Error, format_args!("sandbox {id}: {error:#}"));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kube::api::DynamicObject;
    use serde_json::json;

    use super::Phases;
    use crate::phase::Phase;
    use crate::store::Store;
    use crate::store::tests::record;

    fn object(status: &str, reason: &str) -> DynamicObject {
        let condition = json!({ "type": "Ready", "status": status, "reason": reason });
        serde_json::from_value(json!({ "metadata": {}, "status": { "conditions": [condition] } })).unwrap()
    }

    fn phases(folder: &tempfile::TempDir, sessions_needed: bool) -> (Arc<Store>, Phases) {
        let store = Arc::new(Store::open(&folder.path().join("gateway.db")).unwrap());
        store.insert(&record("1", "a")).unwrap();
        let phases = Phases::new(store.clone(), sessions_needed);
        (store, phases)
    }

    fn phase(store: &Store) -> Option<Phase> {
        store.find("1").unwrap().map(|record| record.phase)
    }

    #[test]
    fn a_lost_session_is_provisioning_until_it_is_back() {
        let folder = tempfile::tempdir().unwrap();
        let (store, phases) = phases(&folder, true);
        phases.object_is("1", &object("True", "DependenciesReady"));
        assert_eq!(phase(&store), Some(Phase::Provisioning));
        phases.session_is("1", true);
        assert_eq!(phase(&store), Some(Phase::Ready));
        phases.session_is("1", false);
        assert_eq!(phase(&store), Some(Phase::Provisioning));
        phases.session_is("1", true);
        assert_eq!(phase(&store), Some(Phase::Ready));
    }

    #[test]
    fn without_sessions_the_object_alone_counts() {
        let folder = tempfile::tempdir().unwrap();
        let (store, phases) = phases(&folder, false);
        phases.object_is("1", &object("True", "DependenciesReady"));
        assert_eq!(phase(&store), Some(Phase::Ready));
        phases.object_is("1", &object("False", "DependenciesNotReady"));
        assert_eq!(phase(&store), Some(Phase::Provisioning));
    }

    #[test]
    fn an_exit_report_is_final_whatever_its_code() {
        let folder = tempfile::tempdir().unwrap();
        let (store, phases) = phases(&folder, true);
        phases.main_process_ended("1", 0).unwrap();
        phases.session_is("1", true);
        phases.object_is("1", &object("True", "DependenciesReady"));
        assert_eq!(phase(&store), Some(Phase::Error));
        assert_eq!(store.find("1").unwrap().unwrap().exit_code, Some(0));
    }

    #[test]
    fn a_record_outlives_its_object_unless_a_user_deleted_it() {
        let folder = tempfile::tempdir().unwrap();
        let (store, phases) = phases(&folder, true);
        phases.object_is_gone("1");
        assert_eq!(phase(&store), Some(Phase::Provisioning));
        store.change_phase("1", |_| Phase::Deleting).unwrap();
        phases.object_is_gone("1");
        assert_eq!(phase(&store), None);
    }

    #[test]
    fn an_object_without_a_record_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let (store, phases) = phases(&folder, true);
        phases.object_is("2", &object("True", ""));
        assert_eq!(store.list().unwrap().len(), 1);
    }
}
