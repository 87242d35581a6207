//! The credentials of a registry that flags or environment name.

use std::path::Path;

use contract::{Failure, read_input};
use registry_credentials::Credentials;

use crate::flags::EnsureFlags;
use crate::reasons::REGISTRY_PASSWORD_UNREADABLE;

/// Bytes.
const LONGEST_PASSWORD: usize = 1024 * 1024;

/// Those that flags or environment name. `registry_password_unreadable` (78), usage (2) where one half is missing.
pub async fn named(flags: &EnsureFlags) -> Result<Option<Credentials>, Failure> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let username = flags
        .registry_username
        .clone()
        .or_else(|| variable("OPENSHELL_REGISTRY_USERNAME"));
    let password = match flags.registry_password_file.as_deref() {
        Some(path) => Some(read_password(path).await?),
        None => variable("OPENSHELL_REGISTRY_PASSWORD"),
    };
    match (username, password) {
        (None, None) => Ok(None),
        (Some(username), Some(password)) => Ok(Some(Credentials { username, password })),
        _ => Err(Failure::usage(
            "a registry needs both a user's name and a password",
            "give --registry-username NAME and --registry-password-file FILE",
        )),
    }
}

async fn read_password(path: &str) -> Result<String, Failure> {
    let why = match read_input(Path::new(path), LONGEST_PASSWORD).await {
        Err(error) => error.to_string(),
        Ok(content) => match std::str::from_utf8(&content).map(|text| text.trim_end_matches(['\r', '\n'])) {
            Err(_) => "it is no text".to_owned(),
            Ok("") => "it is empty".to_owned(),
            Ok(password) => return Ok(password.to_owned()),
        },
    };
    Err(REGISTRY_PASSWORD_UNREADABLE.failure(
        format!("cannot read the registry's password from {path}: {why}"),
        "name a file with the password alone: --registry-password-file FILE",
    ))
}
