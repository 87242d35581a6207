//! One context of a kubeconfig as a kubeconfig of its own: what `kubectl config view --raw --flatten --minify` gives.

use std::io::Error;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_norway::{Mapping, Value};

/// Members that name a file, and those that hold its content instead. Source: Kubernetes, client-go's FlattenConfig.
const OF_CLUSTER: &[(&str, &str)] = &[("certificate-authority", "certificate-authority-data")];
const OF_USER: &[(&str, &str)] = &[
    ("client-certificate", "client-certificate-data"),
    ("client-key", "client-key-data"),
];

/// The context of this name, else the current one, with its cluster and its user. Files that it names by a path relative to `folder` are
/// read by `read`; a token's file, which changes, and a program stay outside, under their whole path. The error says what is wrong.
pub fn one_context(
    text: &[u8],
    folder: &Path,
    context: Option<&str>,
    read: impl Fn(&Path) -> Result<Vec<u8>, Error>,
) -> Result<Value, String> {
    let mut all: Value = serde_norway::from_slice(text).map_err(|error| error.to_string())?;
    let current = all["current-context"].as_str().unwrap_or_default().to_owned();
    let name = context.map_or(current, str::to_owned);
    let context = entry(&all, "contexts", &name)?;
    let refers = |member: &str| context["context"][member].as_str().unwrap_or_default();
    let mut cluster = entry(&all, "clusters", refers("cluster"))?;
    if let Some(cluster) = cluster.get_mut("cluster") {
        inline(cluster, OF_CLUSTER, folder, &read)?;
    }
    let mut users = Vec::new();
    if !refers("user").is_empty() {
        let mut user = entry(&all, "users", refers("user"))?;
        if let Some(user) = user.get_mut("user") {
            inline(user, OF_USER, folder, &read)?;
            if let Some(file) = user.get_mut("tokenFile") {
                settle(file, folder, false);
            }
            if let Some(command) = user.get_mut("exec").and_then(|exec| exec.get_mut("command")) {
                settle(command, folder, true);
            }
        }
        users.push(user);
    }
    all["clusters"] = Value::Sequence(vec![cluster]);
    all["contexts"] = Value::Sequence(vec![context]);
    all["users"] = Value::Sequence(users);
    all["current-context"] = name.into();
    Ok(all)
}

/// The same with this name for cluster, user and context, which in another file are nobody else's then.
pub fn named(mut config: Value, name: &str) -> Value {
    for list in ["clusters", "users", "contexts"] {
        if config[list][0].is_mapping() {
            config[list][0]["name"] = name.into();
        }
    }
    config["contexts"][0]["context"]["cluster"] = name.into();
    if config["users"][0].is_mapping() {
        config["contexts"][0]["context"]["user"] = name.into();
    }
    config["current-context"] = name.into();
    config
}

fn entry(all: &Value, list: &str, name: &str) -> Result<Value, String> {
    let mut entries = all[list].as_sequence().into_iter().flatten();
    entries
        .find(|entry| entry["name"] == name)
        .cloned()
        .ok_or_else(|| format!("its {list} have none of name '{}'", name.escape_debug()))
}

/// Puts the content of named files in the place of their names. What is there already comes before a file.
fn inline(
    member: &mut Value,
    files: &[(&str, &str)],
    folder: &Path,
    read: impl Fn(&Path) -> Result<Vec<u8>, Error>,
) -> Result<(), String> {
    let empty = Mapping::new();
    for (file, data) in files {
        let mapping = member.as_mapping().unwrap_or(&empty);
        let text = |name: &str| mapping.get(name).and_then(Value::as_str).unwrap_or_default();
        if text(file).is_empty() {
            continue;
        }
        if text(data).is_empty() {
            let path = folder.join(text(file));
            let content =
                read(&path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
            member[*data] = BASE64_STANDARD.encode(content).into();
        }
        if let Some(mapping) = member.as_mapping_mut() {
            mapping.remove(*file);
        }
    }
    Ok(())
}

/// Makes a path relative to `folder` a whole one. A program's name without a slash is looked for on PATH.
fn settle(path: &mut Value, folder: &Path, is_program: bool) {
    let whole = match path.as_str() {
        Some("") | None => return,
        Some(name) if is_program && !name.contains('/') => return,
        Some(relative) => folder.join(relative),
    };
    *path = whole.display().to_string().into();
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;

    const TEXT: &str = "apiVersion: v1
kind: Config
current-context: one
preferences: {}
clusters:
- {name: a, cluster: {server: 'https://a', certificate-authority: ca.crt}}
- {name: b, cluster: {server: 'https://b', certificate-authority: /gone, certificate-authority-data: Qg==}}
contexts:
- {name: one, context: {cluster: a, user: u, namespace: n}}
- {name: two, context: {cluster: b, user: v}}
- {name: nobody, context: {cluster: b}}
- {name: lost, context: {cluster: none, user: u}}
- {name: unreadable, context: {cluster: a, user: w}}
users:
- {name: u, user: {client-certificate: pki/c.crt, client-key: /abs/c.key}}
- {name: v, user: {tokenFile: token, exec: {command: bin/login, args: [x]}}}
- {name: w, user: {client-key: missing}}
";

    fn of(context: Option<&str>) -> Result<Value, String> {
        one_context(
            TEXT.as_bytes(),
            Path::new("/home/k"),
            context,
            |path| match path.to_str() {
                Some("/home/k/ca.crt") => Ok(b"CA".to_vec()),
                Some("/home/k/pki/c.crt") => Ok(b"C".to_vec()),
                Some("/abs/c.key") => Ok(b"K".to_vec()),
                _ => Err(ErrorKind::NotFound.into()),
            },
        )
    }

    fn parsed(text: &str) -> Value {
        serde_norway::from_str(text).unwrap()
    }

    #[test]
    fn the_current_context_is_whole_and_alone() {
        let expected = parsed(
            "apiVersion: v1
kind: Config
current-context: one
preferences: {}
clusters: [{name: a, cluster: {server: 'https://a', certificate-authority-data: Q0E=}}]
contexts: [{name: one, context: {cluster: a, user: u, namespace: n}}]
users: [{name: u, user: {client-certificate-data: Qw==, client-key-data: Sw==}}]
",
        );
        assert_eq!(of(None), Ok(expected.clone()));
        assert_eq!(of(Some("one")), Ok(expected));
    }

    #[test]
    fn what_is_inside_stays_and_programs_and_tokens_are_found_from_elsewhere() {
        let found = of(Some("two")).unwrap();
        assert_eq!(
            found["clusters"][0]["cluster"],
            parsed("{server: 'https://b', certificate-authority-data: Qg==}")
        );
        assert_eq!(
            found["users"][0]["user"],
            parsed("{tokenFile: /home/k/token, exec: {command: /home/k/bin/login, args: [x]}}")
        );
        let mut by_name = parsed("aws");
        settle(&mut by_name, Path::new("/home/k"), true);
        assert_eq!(by_name, "aws");
        let nobody = of(Some("nobody")).unwrap();
        assert_eq!(nobody["users"], parsed("[]"));
        assert_eq!(
            named(nobody, "g")["contexts"][0],
            parsed("{name: g, context: {cluster: g}}")
        );
    }

    #[test]
    fn in_another_file_it_has_the_name_of_the_gateway() {
        let found = named(of(None).unwrap(), "g");
        for list in ["clusters", "users", "contexts"] {
            assert_eq!(found[list][0]["name"], "g", "{list}");
        }
        assert_eq!(
            found["contexts"][0]["context"],
            parsed("{cluster: g, user: g, namespace: n}")
        );
        assert_eq!(found["current-context"], "g");
    }

    #[test]
    fn what_is_not_whole_is_told() {
        for (context, expected) in [
            ("three", "its contexts have none of name 'three'"),
            ("lost", "its clusters have none of name 'none'"),
            ("unreadable", "/home/k/missing cannot be read: entity not found"),
        ] {
            assert_eq!(of(Some(context)), Err(expected.to_owned()));
        }
        for text in ["", "[]", "a: b: c", "contexts: 1"] {
            let found = one_context(text.as_bytes(), Path::new("/"), None, |_| Ok(Vec::new()));
            assert!(found.is_err(), "{text:?}");
        }
    }
}
