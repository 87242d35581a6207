//! The names and addresses that the server's certificate must carry.

use std::collections::BTreeSet;

use gateway_names::{NAMESPACE, SERVER_SANS, WORKLOAD};

/// The gateway's own names, those of its Service in this namespace, and further ones.
pub fn wanted(namespace: &str, further: &[String]) -> BTreeSet<String> {
    let service = format!("{WORKLOAD}.{NAMESPACE}.svc");
    let own = SERVER_SANS
        .iter()
        .map(|name| name.replace(&service, &format!("{WORKLOAD}.{namespace}.svc")));
    own.chain(further.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::wanted;

    #[test]
    fn the_service_is_named_in_its_namespace() {
        let names = wanted("team-a", &["10.0.0.1".to_owned()]);
        for name in [
            "openshell",
            "openshell.team-a.svc",
            "openshell.team-a.svc.cluster.local",
            "127.0.0.1",
            "10.0.0.1",
        ] {
            assert!(names.contains(name), "{name} in {names:?}");
        }
        assert!(!names.contains("openshell.openshell.svc"));
        assert!(wanted("openshell", &[]).contains("openshell.openshell.svc.cluster.local"));
    }
}
