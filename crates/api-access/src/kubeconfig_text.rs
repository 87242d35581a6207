//! The container's kubeconfig, rewritten for this host.

use std::net::IpAddr;

use contract::Failure;
use serde_norway::Value;

use crate::KUBECONFIG_INVALID;

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
    KUBECONFIG_INVALID.failure(
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
    fn what_is_no_kubeconfig_is_told() {
        for text in ["", "[]", "clusters: []", "a: b: c", "clusters:\n- 1"] {
            let failure = for_host(text.as_bytes(), "n", "s").unwrap_err();
            assert_eq!(failure.reason, "kubeconfig_invalid", "{text:?}");
        }
    }
}
