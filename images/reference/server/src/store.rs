//! The server's own state, in `SQLite` on its volume.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use prost::Message;
use reference_base::api::Sandbox;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::phase::Phase;
use crate::tokens;

/// A sandbox as the server remembers it.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its id, a UUID.
    pub id: String,
    /// Its workspace.
    pub workspace: String,
    /// Its name, unique in the workspace.
    pub name: String,
    /// The name of its object in Kubernetes.
    pub object: String,
    /// Its phase.
    pub phase: Phase,
    /// With what its main process ended, if it did.
    pub exit_code: Option<i32>,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// Metadata and spec as its user gave them.
    pub message: Sandbox,
}

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS sandbox (
        id TEXT PRIMARY KEY, workspace TEXT NOT NULL, name TEXT NOT NULL, object TEXT NOT NULL UNIQUE, phase TEXT NOT NULL,
        exit_code INTEGER, created_at TEXT NOT NULL, message BLOB NOT NULL, UNIQUE (workspace, name)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS ssh_session (
        token_sha256 TEXT PRIMARY KEY, sandbox_id TEXT NOT NULL REFERENCES sandbox (id) ON DELETE CASCADE
    ) STRICT;
    PRAGMA foreign_keys = ON;";
const COLUMNS: &str = "id, workspace, name, object, phase, exit_code, created_at, message";

/// The database.
pub struct Store(Mutex<Connection>);

impl Store {
    /// Opens the file, and makes it if there is none.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let what = || format!("cannot open the database {}", path.display());
        let connection = Connection::open(path).with_context(what)?;
        connection.execute_batch(SCHEMA).with_context(what)?;
        Ok(Self(Mutex::new(connection)))
    }

    /// Remembers a sandbox; `false`: its name is taken.
    pub fn insert(&self, record: &Record) -> anyhow::Result<bool> {
        let rows = self.connection().execute(
            "INSERT INTO sandbox (id, workspace, name, object, phase, exit_code, created_at, message)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
            params![
                record.id,
                record.workspace,
                record.name,
                record.object,
                record.phase.to_string(),
                record.exit_code,
                record.created_at,
                record.message.encode_to_vec()
            ],
        )?;
        Ok(rows == 1)
    }

    /// Forgets a sandbox and its tokens.
    pub fn remove(&self, id: &str) -> anyhow::Result<()> {
        self.connection()
            .execute("DELETE FROM sandbox WHERE id = ?1", [id])?;
        Ok(())
    }

    /// The sandbox with this id.
    pub fn find(&self, id: &str) -> anyhow::Result<Option<Record>> {
        find(&self.connection(), id)
    }

    /// The sandbox with this name.
    pub fn named(&self, workspace: &str, name: &str) -> anyhow::Result<Option<Record>> {
        let connection = self.connection();
        let text = format!("SELECT {COLUMNS} FROM sandbox WHERE workspace = ?1 AND name = ?2");
        Ok(connection
            .query_row(&text, [workspace, name], record)
            .optional()?)
    }

    /// All sandboxes, by workspace and name.
    pub fn list(&self) -> anyhow::Result<Vec<Record>> {
        let connection = self.connection();
        let mut statement =
            connection.prepare(&format!("SELECT {COLUMNS} FROM sandbox ORDER BY workspace, name"))?;
        let rows = statement.query_map([], record)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Changes a sandbox's phase by a rule; what it was and what it is. `None`: there is no such sandbox.
    pub fn change_phase(
        &self,
        id: &str,
        rule: impl FnOnce(Phase) -> Phase,
    ) -> anyhow::Result<Option<(Phase, Phase)>> {
        let connection = self.connection();
        let Some(known) = find(&connection, id)? else {
            return Ok(None);
        };
        let phase = rule(known.phase);
        if phase != known.phase {
            let change = "UPDATE sandbox SET phase = ?2 WHERE id = ?1";
            connection.execute(change, [id, &phase.to_string()])?;
        }
        Ok(Some((known.phase, phase)))
    }

    /// Keeps the code with which the main process ended.
    pub fn set_exit_code(&self, id: &str, code: i32) -> anyhow::Result<()> {
        let change = "UPDATE sandbox SET exit_code = ?2 WHERE id = ?1";
        self.connection().execute(change, params![id, code])?;
        Ok(())
    }

    /// Makes a token for a sandbox. Only its hash is kept.
    pub fn add_token(&self, id: &str) -> anyhow::Result<String> {
        let token = tokens::new(id);
        self.connection().execute(
            "INSERT INTO ssh_session (token_sha256, sandbox_id) VALUES (?1, ?2)",
            [&tokens::sha256(&token), id],
        )?;
        Ok(token)
    }

    /// Is this a token of the sandbox?
    pub fn has_token(&self, id: &str, token: &str) -> anyhow::Result<bool> {
        let connection = self.connection();
        let mut statement =
            connection.prepare("SELECT 1 FROM ssh_session WHERE token_sha256 = ?1 AND sandbox_id = ?2")?;
        Ok(statement.exists([&tokens::sha256(token), id])?)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn find(connection: &Connection, id: &str) -> anyhow::Result<Option<Record>> {
    let text = format!("SELECT {COLUMNS} FROM sandbox WHERE id = ?1");
    Ok(connection.query_row(&text, [id], record).optional()?)
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let wrong = |column: usize, error: Box<dyn std::error::Error + Send + Sync>| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Blob, error)
    };
    let phase: String = row.get(4)?;
    let message: Vec<u8> = row.get(7)?;
    Ok(Record {
        id: row.get(0)?,
        workspace: row.get(1)?,
        name: row.get(2)?,
        object: row.get(3)?,
        phase: phase.parse().map_err(|error: String| wrong(4, error.into()))?,
        exit_code: row.get(5)?,
        created_at: row.get(6)?,
        message: Sandbox::decode(message.as_slice()).map_err(|error| wrong(7, error.into()))?,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Record, Store};
    use crate::phase::Phase;
    use reference_base::api::Sandbox;

    /// A record of a sandbox that was just made.
    pub(crate) fn record(id: &str, name: &str) -> Record {
        Record {
            id: id.to_owned(),
            workspace: "default".to_owned(),
            name: name.to_owned(),
            object: name.to_owned(),
            phase: Phase::Provisioning,
            exit_code: None,
            created_at: "2024-01-01T00:00:00Z".to_owned(),
            message: Sandbox::default(),
        }
    }

    #[test]
    fn sandboxes_outlive_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gateway.db");
        let store = Store::open(&path).unwrap();
        assert!(store.insert(&record("2", "b")).unwrap());
        assert!(store.insert(&record("1", "c")).unwrap());
        assert!(!store.insert(&record("3", "b")).unwrap(), "the name is taken");
        store.change_phase("2", |_| Phase::Error).unwrap();
        store.set_exit_code("2", 143).unwrap();
        drop(store);
        let store = Store::open(&path).unwrap();
        let changed = Record {
            phase: Phase::Error,
            exit_code: Some(143),
            ..record("2", "b")
        };
        assert_eq!(store.list().unwrap(), [changed, record("1", "c")]);
        assert_eq!(store.find("1").unwrap(), Some(record("1", "c")));
        assert_eq!(store.named("default", "c").unwrap(), Some(record("1", "c")));
        assert_eq!(store.named("other", "c").unwrap(), None);
        store.remove("1").unwrap();
        assert_eq!(store.find("1").unwrap(), None);
    }

    #[test]
    fn a_rule_sees_the_phase_that_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("gateway.db")).unwrap();
        store.insert(&record("1", "a")).unwrap();
        let changed = store.change_phase("1", |now| {
            assert_eq!(now, Phase::Provisioning);
            Phase::Ready
        });
        assert_eq!(changed.unwrap(), Some((Phase::Provisioning, Phase::Ready)));
        assert_eq!(store.change_phase("2", |now| now).unwrap(), None);
    }

    #[test]
    fn tokens_go_with_their_sandbox_and_are_not_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gateway.db");
        let store = Store::open(&path).unwrap();
        store.insert(&record("1", "a")).unwrap();
        store.insert(&record("2", "b")).unwrap();
        let token = store.add_token("1").unwrap();
        assert!(store.has_token("1", &token).unwrap());
        assert!(!store.has_token("2", &token).unwrap() && !store.has_token("1", "another").unwrap());
        let bytes = std::fs::read(&path).unwrap();
        assert!(
            !bytes
                .windows(token.len())
                .any(|window| window == token.as_bytes())
        );
        store.remove("1").unwrap();
        assert!(!store.has_token("1", &token).unwrap());
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = Store::open(&folder.path().join("missing/gateway.db"))
            .err()
            .expect("an error");
        assert!(format!("{error:#}").contains("missing/gateway.db"));
    }
}
