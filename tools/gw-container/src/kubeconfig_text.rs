//! The container's kubeconfig, rewritten for this host.

use std::net::IpAddr;

use contract::{Exit, Failure};
use serde_norway::Value;

/// Gives cluster, user and context the name `name`, and the cluster the server `server`.
pub fn for_host(text: &[u8], name: &str, server: &str) -> Result<String, Failure> {
    let mut config: Value =
        serde_norway::from_slice(text).map_err(|error| invalid(&format!("it is no YAML: {error}")))?;
    let name = Value::from(name);
    let cluster = first(&mut config, "clusters")?;
    cluster["name"] = name.clone();
    member(cluster, "cluster")?["server"] = server.into();
    let user = first(&mut config, "users")?;
    user["name"] = name.clone();
    let context = first(&mut config, "contexts")?;
    context["name"] = name.clone();
    let refers = member(context, "context")?;
    refers["cluster"] = name.clone();
    refers["user"] = name.clone();
    config["current-context"] = name;
    serde_norway::to_string(&config).map_err(|error| invalid(&error.to_string()))
}

/// The port of the cluster's server, where that is at this address.
pub fn port_at(text: &[u8], address: IpAddr) -> Option<u16> {
    let mut config: Value = serde_norway::from_slice(text).ok()?;
    let cluster = member(first(&mut config, "clusters").ok()?, "cluster").ok()?;
    let server = cluster["server"].as_str()?;
    server.strip_prefix(&format!("https://{address}:"))?.parse().ok()
}

/// Adds cluster, user and context of `own` to another kubeconfig, or replaces those of the same name. What else is in it
/// stays, and so does its current context, where it has one.
pub fn merged(other: &[u8], own: &str) -> Result<String, String> {
    let own: Value = serde_norway::from_str(own).map_err(|error| error.to_string())?;
    let mut all: Value = serde_norway::from_slice(other).map_err(|error| error.to_string())?;
    if all.is_null() {
        all = Value::Mapping(serde_norway::Mapping::new());
    }
    if !all.is_mapping() {
        return Err("it is no kubeconfig".to_owned());
    }
    for list in ["clusters", "users", "contexts"] {
        let mut entries = match &all[list] {
            Value::Null => Vec::new(),
            Value::Sequence(entries) => entries.clone(),
            _ => return Err(format!("its {list} are no list")),
        };
        let new = own[list][0].clone();
        match entries.iter_mut().find(|entry| entry["name"] == new["name"]) {
            Some(entry) => *entry = new,
            None => entries.push(new),
        }
        all[list] = Value::Sequence(entries);
    }
    for field in ["apiVersion", "kind", "current-context"] {
        let unset = all[field].is_null() || all[field] == "";
        if unset {
            all[field] = own[field].clone();
        }
    }
    serde_norway::to_string(&all).map_err(|error| error.to_string())
}

/// The only entry of a list: k3s and our image write one of each.
fn first<'a>(config: &'a mut Value, list: &str) -> Result<&'a mut Value, Failure> {
    config
        .get_mut(list)
        .and_then(Value::as_sequence_mut)
        .and_then(|entries| entries.first_mut())
        .filter(|entry| entry.is_mapping())
        .ok_or_else(|| invalid(&format!("it has no {list}")))
}

fn member<'a>(entry: &'a mut Value, name: &str) -> Result<&'a mut Value, Failure> {
    entry
        .get_mut(name)
        .filter(|member| member.is_mapping())
        .ok_or_else(|| invalid(&format!("it has no {name}")))
}

fn invalid(why: &str) -> Failure {
    Failure::new(
        Exit::Failed,
        "kubeconfig_invalid",
        format!("the container's kubeconfig is not understood: {why}"),
        "look at it: docker exec CONTAINER cat /etc/rancher/k3s/k3s.yaml",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const K3S: &str = "apiVersion: v1\nkind: Config\nclusters:\n- name: default\n  cluster:\n    certificate-authority-data: Q0E=\n    server: https://127.0.0.1:6443\ncontexts:\n- name: default\n  context:\n    cluster: default\n    user: default\ncurrent-context: default\npreferences: {}\nusers:\n- name: default\n  user:\n    client-certificate-data: Qw==\n    client-key-data: Sw==\n";

    #[test]
    fn names_the_gateway_and_the_published_port_and_keeps_the_rest() {
        let text = for_host(K3S.as_bytes(), "openshell-cluster-g", "https://127.0.0.1:16443").unwrap();
        let value: Value = serde_norway::from_str(&text).unwrap();
        assert_eq!(
            value["clusters"][0]["cluster"]["server"],
            "https://127.0.0.1:16443"
        );
        assert_eq!(
            value["clusters"][0]["cluster"]["certificate-authority-data"],
            "Q0E="
        );
        assert_eq!(value["users"][0]["user"]["client-key-data"], "Sw==");
        assert_eq!(value["contexts"][0]["context"]["user"], "openshell-cluster-g");
        assert_eq!(value["current-context"], "openshell-cluster-g");
        assert!(!text.contains("default"));
        let local = IpAddr::from([127, 0, 0, 1]);
        assert_eq!(port_at(text.as_bytes(), local), Some(16443));
        assert_eq!(port_at(text.as_bytes(), IpAddr::from([127, 0, 0, 2])), None);
        assert_eq!(port_at(b"clusters: []", local), None);
    }

    #[test]
    fn is_added_to_another_file_and_replaces_itself_there() {
        let own = |server: &str| for_host(K3S.as_bytes(), "g", server).unwrap();
        let other = K3S.replace("default", "elsewhere");
        let both = merged(other.as_bytes(), &own("https://a")).unwrap();
        let again = merged(both.as_bytes(), &own("https://b")).unwrap();
        let value: Value = serde_norway::from_str(&again).unwrap();
        assert_eq!(value["clusters"].as_sequence().unwrap().len(), 2);
        assert_eq!(value["clusters"][1]["cluster"]["server"], "https://b");
        assert_eq!(
            (&value["clusters"][0]["name"], &value["current-context"]),
            (&"elsewhere".into(), &"elsewhere".into())
        );
        assert_eq!(merged(again.as_bytes(), &own("https://b")).unwrap(), again);
        let first: Value = serde_norway::from_str(&merged(b"", &own("https://a")).unwrap()).unwrap();
        assert_eq!(first["current-context"], "g");
        for wrong in [&b"[]"[..], b"clusters: 1", b"a: b: c"] {
            assert!(merged(wrong, &own("https://a")).is_err());
        }
    }

    #[test]
    fn what_is_no_kubeconfig_is_told() {
        for text in ["", "[]", "clusters: []", "a: b: c", "clusters:\n- 1"] {
            let failure = for_host(text.as_bytes(), "n", "s").unwrap_err();
            assert_eq!(failure.reason, "kubeconfig_invalid", "{text:?}");
        }
    }
}
