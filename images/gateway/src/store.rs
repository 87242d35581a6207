//! The gateway's own state, in `SQLite` on its volume.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A sandbox as the gateway remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its id, a UUID.
    pub id: String,
    /// The name of its objects in Kubernetes.
    pub name: String,
    /// SHA-256 of its token, lower-case hex: the token itself is only the client's.
    pub token_sha256: String,
    /// RFC 3339, UTC.
    pub created_at: String,
}

impl Record {
    /// Is this the sandbox's token? Compared in constant time.
    pub fn has_token(&self, token: &str) -> bool {
        bool::from(token_sha256(token).as_bytes().ct_eq(self.token_sha256.as_bytes()))
    }
}

/// SHA-256 of a token, lower-case hex.
pub fn token_sha256(token: &str) -> String {
    Sha256::digest(token.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The database.
pub struct Store(Mutex<Connection>);

impl Store {
    /// Opens the file, and makes it where there is none.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let what = || format!("cannot open the database {}", path.display());
        let connection = Connection::open(path).with_context(what)?;
        let schema = "CREATE TABLE IF NOT EXISTS sandboxes (
                id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, token_sha256 TEXT NOT NULL, created_at TEXT NOT NULL
            ) STRICT";
        connection.execute_batch(schema).with_context(what)?;
        Ok(Self(Mutex::new(connection)))
    }

    /// Remembers a sandbox; `false` where its name is taken.
    pub fn insert(&self, record: &Record) -> anyhow::Result<bool> {
        let rows = self.connection().execute(
            "INSERT INTO sandboxes (id, name, token_sha256, created_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (name) DO NOTHING",
            params![record.id, record.name, record.token_sha256, record.created_at],
        )?;
        Ok(rows == 1)
    }

    /// Forgets a sandbox.
    pub fn remove(&self, id: &str) -> anyhow::Result<()> {
        self.connection()
            .execute("DELETE FROM sandboxes WHERE id = ?1", [id])?;
        Ok(())
    }

    /// The sandbox with this id.
    pub fn find(&self, id: &str) -> anyhow::Result<Option<Record>> {
        let connection = self.connection();
        let mut statement =
            connection.prepare("SELECT id, name, token_sha256, created_at FROM sandboxes WHERE id = ?1")?;
        Ok(statement.query_row([id], record).optional()?)
    }

    /// All sandboxes, by name.
    pub fn list(&self) -> anyhow::Result<Vec<Record>> {
        let connection = self.connection();
        let mut statement =
            connection.prepare("SELECT id, name, token_sha256, created_at FROM sandboxes ORDER BY name")?;
        let rows = statement.query_map([], record)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn record(row: &rusqlite::Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        id: row.get(0)?,
        name: row.get(1)?,
        token_sha256: row.get(2)?,
        created_at: row.get(3)?,
    })
}

#[cfg(test)]
mod tests {
    use super::{Record, Store, token_sha256};

    fn record(id: &str, name: &str) -> Record {
        let (token_sha256, created_at) = (token_sha256("token"), "2024-01-01T00:00:00Z".to_owned());
        Record {
            id: id.to_owned(),
            name: name.to_owned(),
            token_sha256,
            created_at,
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
        drop(store);
        let store = Store::open(&path).unwrap();
        assert_eq!(store.list().unwrap(), [record("2", "b"), record("1", "c")]);
        assert_eq!(store.find("1").unwrap(), Some(record("1", "c")));
        store.remove("1").unwrap();
        assert_eq!(store.find("1").unwrap(), None);
    }

    #[test]
    fn the_file_does_not_hold_tokens() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gateway.db");
        let stored = Record {
            token_sha256: token_sha256("very-secret-token"),
            ..record("1", "a")
        };
        Store::open(&path).unwrap().insert(&stored).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(17).any(|window| window == b"very-secret-token"));
        assert!(stored.has_token("very-secret-token") && !stored.has_token("another"));
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
