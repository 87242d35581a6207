//! Name servers beyond the cluster: those of the container's resolver (resolv.conf(5)), as Docker configures it.

use std::net::IpAddr;

use crate::layout;

/// The node's own resolver.
pub const OF_NODE: &str = "/etc/resolv.conf";
/// What pods of policy Default get of it.
pub const OF_PODS: &str = "/run/openshell/resolv.conf";

/// The addresses of the name servers, in their order.
pub fn name_servers(resolver: &str) -> Vec<IpAddr> {
    resolver.lines().filter_map(name_server).collect()
}

fn name_server(line: &str) -> Option<IpAddr> {
    let mut words = line.split_whitespace();
    words.next().filter(|word| *word == "nameserver")?;
    words.next()?.parse().ok()
}

/// The resolver for pods of policy Default: a name server on a loopback address, such as Docker's, is not there in a pod.
pub fn for_pods(resolver: &str) -> String {
    let is_loopback = |line: &&str| name_server(line).is_some_and(|address| address.is_loopback());
    let (unreachable, kept): (Vec<&str>, Vec<&str>) = resolver.lines().partition(is_loopback);
    let instead = (!unreachable.is_empty()).then(|| format!("nameserver {}", layout::DNS_SERVICE));
    let lines = instead.iter().map(String::as_str).chain(kept);
    lines.fold(String::new(), |text, line| text + line + "\n")
}

#[cfg(test)]
mod tests {
    use super::{for_pods, name_servers};

    #[test]
    fn pods_are_not_sent_to_a_loopback_address() {
        let docker = "search example.org\nnameserver 127.0.0.11\noptions ndots:0\n";
        let expected = "nameserver 10.43.0.10\nsearch example.org\noptions ndots:0\n";
        assert_eq!(for_pods(docker), expected);
        assert_eq!(
            for_pods("nameserver 127.0.0.53\nnameserver ::1\n"),
            "nameserver 10.43.0.10\n"
        );
        let reachable = "nameserver 192.0.2.1\n";
        assert_eq!(for_pods(reachable), reachable);
    }

    #[test]
    fn name_servers_keep_their_order() {
        let found =
            name_servers("# x\nnameserver 192.0.2.2\nsearch a\nnameserver ::1\nnameserver\nnameserver x\n");
        assert_eq!(
            found,
            ["192.0.2.2", "::1"].map(|text| text.parse::<std::net::IpAddr>().unwrap())
        );
    }
}
