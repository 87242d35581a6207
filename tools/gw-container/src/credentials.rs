//! The credentials of a registry that flags or environment name.

use std::io::Read;

use contract::{Exit, Failure};
use registry_credentials::Credentials;

use crate::flags::EnsureFlags;

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
    let from = path.to_owned();
    // On a thread of its own: neither the deadline nor a signal would end a read that blocks.
    let read = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        if from == "-" {
            std::io::stdin().read_to_string(&mut text)?;
        } else {
            std::fs::File::open(from)?.read_to_string(&mut text)?;
        }
        Ok(text)
    });
    let read = read
        .await
        .unwrap_or_else(|error| Err(std::io::Error::other(error)));
    let why = match read {
        Err(error) => error.to_string(),
        Ok(text) => match text.trim_end_matches(['\r', '\n']) {
            "" => "it is empty".to_owned(),
            password => return Ok(password.to_owned()),
        },
    };
    Err(Failure::new(
        Exit::Configuration,
        "registry_password_unreadable",
        format!("cannot read the registry's password from {path}: {why}"),
        "name a file with the password alone: --registry-password-file FILE",
    ))
}
