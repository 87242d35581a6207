//! Commands of this project as the person can type them, for hints.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The variable by which the driver says how it was called.
const DRIVER: &str = "GW_COMMAND";

/// A command of a tool, such as `gw-pki reconcile`: by its name if PATH leads to the tools that this one belongs to, else by
/// its path beside this one.
pub fn typed(command: &str) -> String {
    let own = std::env::args_os().next().map(PathBuf::from).unwrap_or_default();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let current = std::env::current_dir().unwrap_or_default();
    beside(&own, command, &path, &current)
}

/// A verb of the driver, if it runs this tool: without it, a tool cannot know where the driver is.
pub fn typed_by_driver(verb: &str) -> Option<String> {
    let driver = std::env::var(DRIVER).ok().filter(|driver| !driver.is_empty())?;
    Some(format!("{driver} {verb}"))
}

fn beside(own: &Path, command: &str, path: &OsStr, current: &Path) -> String {
    let (name, words) = command.split_at(command.find(' ').unwrap_or(command.len()));
    // Called by its name: so are the others.
    let Some(folder) = own.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return command.to_owned();
    };
    let there = folder.join(name);
    let by_name = std::env::split_paths(path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    if let (Some(by_name), Ok(there)) = (by_name, there.canonicalize())
        && by_name.canonicalize().is_ok_and(|found| found == there)
    {
        return command.to_owned();
    }
    // A name alone would be looked for on PATH.
    let shorter = match there.strip_prefix(current) {
        Ok(below) if current != Path::new("/") && below.components().count() > 1 => below,
        _ => &there,
    };
    format!("{}{words}", quoted(&shorter.to_string_lossy()))
}

/// A word of a command as a shell reads it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,=~".contains(c);
    if word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_typed_as_this_one_was_found() {
        let home = tempfile::tempdir().unwrap();
        let (there, bin) = (home.path().join("it is"), home.path().join("bin"));
        for folder in [&there, &bin] {
            std::fs::create_dir(folder).unwrap();
        }
        let other = there.join("gw-pki");
        std::fs::write(&other, "").unwrap();
        let typed = |own: &Path, path: &Path, current: &str| {
            beside(own, "gw-pki check", path.as_os_str(), Path::new(current))
        };
        let (own, nowhere) = (there.join("gw-wait"), home.path().join("none"));
        let by_path = format!("'{}' check", other.display());

        assert_eq!(typed(Path::new("gw-wait"), &nowhere, "/"), "gw-pki check");
        assert_eq!(typed(&own, &nowhere, "/"), by_path);
        assert_eq!(
            typed(&own, &nowhere, home.path().to_str().unwrap()),
            "'it is/gw-pki' check"
        );
        assert_eq!(typed(&own, &there, "/"), "gw-pki check");
        assert_eq!(typed(&own, &nowhere, there.to_str().unwrap()), by_path);
        assert_eq!(typed(Path::new("./gw-wait"), &nowhere, "/"), "./gw-pki check");

        // A link, as an installation has it.
        std::os::unix::fs::symlink(&other, bin.join("gw-pki")).unwrap();
        assert_eq!(typed(&own, &bin, "/"), "gw-pki check");
        // Somebody else's program of that name.
        std::fs::remove_file(bin.join("gw-pki")).unwrap();
        std::fs::write(bin.join("gw-pki"), "").unwrap();
        assert_eq!(typed(&own, &bin, "/"), by_path);
    }
}
