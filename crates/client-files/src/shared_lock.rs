//! A lock that outlives its run with a program that the run started.

use std::fs;
use std::path::PathBuf;

use contract::Failure;

use crate::file_failure::file_failure;

/// A lock that programs started by this process keep.
#[derive(Clone, Debug)]
pub struct SharedLock {
    path: PathBuf,
}

impl SharedLock {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// The lock names this process and its work until the value is dropped.
    pub fn is_with(&self, process: u32, work: &str) -> Result<Named, Failure> {
        let before = fs::read(&self.path).map_err(|error| file_failure("read", &self.path, &error))?;
        fs::write(&self.path, format!("{process} {work}\n"))
            .map_err(|error| file_failure("write", &self.path, &error))?;
        Ok(Named {
            path: self.path.clone(),
            before,
        })
    }
}

/// While it is there, the lock names another process than its owner.
#[derive(Debug)]
pub struct Named {
    path: PathBuf,
    before: Vec<u8>,
}

impl Drop for Named {
    fn drop(&mut self) {
        let _ = fs::write(&self.path, &self.before);
    }
}
