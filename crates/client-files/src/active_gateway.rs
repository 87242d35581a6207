//! Which gateway is meant. One resolution for every verb of every tool.

use contract::{Exit, Failure, INVALID_GATEWAY_NAME};
use gateway_names::{DEFAULT_GATEWAY, GatewayName};

use crate::{ClientFiles, private_file};

fn path(files: &ClientFiles) -> std::path::PathBuf {
    files.path().join("active_gateway")
}

pub fn resolve(
    files: &ClientFiles,
    flag: Option<&str>,
    environment: Option<&str>,
) -> Result<GatewayName, Failure> {
    if let Some(text) = flag {
        return named(text, Exit::Usage, "--gateway");
    }
    if let Some(text) = environment.filter(|text| !text.is_empty()) {
        return named(text, Exit::Configuration, "OPENSHELL_GATEWAY");
    }
    Ok(read(files)?.unwrap_or_else(|| DEFAULT_GATEWAY.parse().expect("a valid name")))
}

pub fn read(files: &ClientFiles) -> Result<Option<GatewayName>, Failure> {
    let path = path(files);
    let Some(content) = private_file::read(&path)? else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&content);
    match text.trim_ascii() {
        "" => Ok(None),
        name => named(name, Exit::Configuration, &path.display().to_string()).map(Some),
    }
}

pub fn set(files: &ClientFiles, gateway: &GatewayName) -> Result<bool, Failure> {
    let path = path(files);
    let present = private_file::read(&path)?;
    // Other clients end the line or do not: a file that means the same stays as it is.
    if present.is_some_and(|content| content.trim_ascii() == gateway.as_str().as_bytes()) {
        return Ok(false);
    }
    private_file::write(&path, gateway.as_str().as_bytes())
}

pub fn clear(files: &ClientFiles, gateway: &GatewayName) -> Result<bool, Failure> {
    let path = path(files);
    match private_file::read(&path)? {
        Some(content) if content.trim_ascii() == gateway.as_str().as_bytes() => private_file::remove(&path),
        _ => Ok(false),
    }
}

fn named(text: &str, exit: Exit, origin: &str) -> Result<GatewayName, Failure> {
    text.parse().map_err(|error| {
        INVALID_GATEWAY_NAME
            .ending_with(exit)
            .failure(format!("{origin}: {error}"), format!("correct {origin}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flag_then_environment_then_file_then_default() {
        let home = tempfile::tempdir().unwrap();
        let files = ClientFiles::in_folder(home.path().join("openshell"));
        let name = |flag, environment| resolve(&files, flag, environment).unwrap().to_string();
        assert_eq!(name(None, None), "openshell");
        assert_eq!(name(None, Some("")), "openshell");
        assert!(files.set_active(&"kept".parse().unwrap()).unwrap());
        assert_eq!(name(None, None), "kept");
        assert_eq!(name(None, Some("of-environment")), "of-environment");
        assert_eq!(name(Some("of-flag"), Some("of-environment")), "of-flag");
    }

    #[test]
    fn the_exit_code_tells_where_a_wrong_name_came_from() {
        let home = tempfile::tempdir().unwrap();
        let files = ClientFiles::in_folder(home.path());
        let code = |flag, environment| {
            let failure = resolve(&files, flag, environment).unwrap_err();
            assert_eq!(failure.reason, "invalid_gateway_name");
            failure.exit.code()
        };
        assert_eq!(code(Some("-x"), None), 2);
        assert_eq!(code(Some(""), None), 2);
        assert_eq!(code(None, Some("a/b")), 78);
        std::fs::write(home.path().join("active_gateway"), "../x\n").unwrap();
        assert_eq!(code(None, None), 78);
    }

    #[test]
    fn setting_and_clearing_change_only_what_differs() {
        let home = tempfile::tempdir().unwrap();
        let files = ClientFiles::in_folder(home.path());
        let (one, other) = ("one".parse().unwrap(), "other".parse().unwrap());
        std::fs::write(home.path().join("active_gateway"), "one\n").unwrap();
        assert!(!files.set_active(&one).unwrap());
        assert!(!files.clear_active(&other).unwrap());
        assert_eq!(files.active().unwrap(), Some(one.clone()));
        assert!(files.clear_active(&one).unwrap());
        assert_eq!(files.active().unwrap(), None);
        assert!(!files.clear_active(&one).unwrap());
    }
}
