//! Where a kubeconfig goes.

use std::io::Write;
use std::path::Path;

use api_access::write_kubeconfig;
use contract::Failure;
use gateway_work::Record;

use super::merge;
use crate::flags::KubeconfigFlags;

/// Prints it, adds it to a file, or writes it to one: `usual`, unless another is named. The file; `None`: standard output.
pub fn put(
    record: &Record,
    flags: &KubeconfigFlags,
    usual: &Path,
    text: &str,
) -> Result<Option<String>, Failure> {
    let path = match (flags.file.as_deref(), &flags.merge) {
        (Some("-"), _) => {
            // A reader that went away is no failure.
            let _ = std::io::stdout().lock().write_all(text.as_bytes());
            return Ok(None);
        }
        (_, Some(path)) => {
            let path = Path::new(path);
            merge::into_file(record, path, text)?;
            path
        }
        (file, None) => {
            let path = file.map_or(usual, Path::new);
            write_kubeconfig(record, path, text)?;
            path
        }
    };
    Ok(Some(path.display().to_string()))
}
