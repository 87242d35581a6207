//! The lines that people sent, kept in a file on the sandbox's volume.

use std::path::{Path, PathBuf};

use anyhow::Context;
use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt;
use tokio::sync::Mutex;

/// Tells a command in the sandbox where the file is.
pub const FOLDER_VARIABLE: &str = "OPENSHELL_SANDBOX_DATA";

/// A file that only grows: a line is on disk before it is echoed.
pub struct KeptLines {
    path: PathBuf,
    file: Mutex<File>,
}

impl KeptLines {
    /// Opens `lines` in the folder. A last line that a crash cut off is ended, so that the next one stands alone.
    pub async fn open(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("lines");
        let opened = OpenOptions::new().create(true).append(true).open(&path).await;
        let mut file = opened.with_context(|| format!("cannot write {}", path.display()))?;
        let kept = tokio::fs::read(&path)
            .await
            .with_context(|| format!("cannot read {}", path.display()))?;
        if kept.last().is_some_and(|byte| *byte != b'\n') {
            file.write_all(b"\n").await?;
            file.sync_data().await?;
        }
        Ok(Self {
            path,
            file: Mutex::new(file),
        })
    }

    /// Keeps one line, which ends with its LF.
    pub async fn append(&self, line: &[u8]) -> std::io::Result<()> {
        let mut file = self.file.lock().await;
        file.write_all(line).await?;
        file.sync_data().await
    }

    /// Everything that is kept.
    pub async fn read(&self) -> std::io::Result<Vec<u8>> {
        let _no_line_is_being_written = self.file.lock().await;
        tokio::fs::read(&self.path).await
    }
}

#[cfg(test)]
mod tests {
    use super::KeptLines;

    #[tokio::test]
    async fn lines_outlive_the_program_and_a_cut_line_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        KeptLines::open(folder.path())
            .await
            .unwrap()
            .append(b"one\n")
            .await
            .unwrap();
        std::fs::write(folder.path().join("lines"), b"one\ntw").unwrap();
        let lines = KeptLines::open(folder.path()).await.unwrap();
        lines.append(b"three\n").await.unwrap();
        assert_eq!(lines.read().await.unwrap(), b"one\ntw\nthree\n");
    }

    #[tokio::test]
    async fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        let error = KeptLines::open(&missing).await.err().expect("an error");
        assert!(format!("{error:#}").contains("missing/lines"), "{error:#}");
    }
}
