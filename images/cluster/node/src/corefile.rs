//! The configuration of CoreDNS (<https://coredns.io/manual/configuration>), which answers pods at the cluster's DNS address.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr};

use crate::layout;

/// Names by which pods reach the machine that Docker runs on. Docker knows the first one in containers, not in pods.
const DOCKER_HOST_NAMES: &str = "host.docker.internal host.openshell.internal";

/// The cluster's names and addresses are answered here, all other names by `upstream`.
pub fn text(upstream: &[IpAddr]) -> String {
    let mut text = format!(
        ".:53 {{\n    bind {}\n    errors\n    cache 30 {{\n        disable success {domain}\n        disable denial {domain}\n        \
         servfail 0\n    }}\n    hosts {} {DOCKER_HOST_NAMES} {{\n        fallthrough\n    }}\n    kubernetes {domain} {} {} {{\n        \
         kubeconfig {}\n        ttl 5\n    }}\n",
        layout::DNS_SERVICE,
        layout::HOSTS,
        layout::POD_NETWORK,
        layout::SERVICE_NETWORK,
        layout::DNS_KUBECONFIG,
        domain = layout::CLUSTER_DOMAIN,
    );
    if !upstream.is_empty() {
        text.push_str("    forward .");
        for address in upstream {
            let _ = write!(text, " {address}");
        }
        text.push_str(" {\n        policy sequential\n    }\n");
    }
    text.push_str("}\n");
    text
}

/// The file of hosts(5) with the Docker host's names.
pub fn hosts(docker_host: Ipv4Addr) -> String {
    format!("{docker_host} {DOCKER_HOST_NAMES}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_names_are_asked_of_the_nodes_own_name_servers_in_their_order() {
        let upstream = ["127.0.0.11", "2001:db8::1"].map(|text| text.parse().unwrap());
        let text = text(&upstream);
        assert!(
            text.contains("    forward . 127.0.0.11 2001:db8::1 {\n"),
            "{text}"
        );
        assert!(text.contains("bind 10.43.0.10\n"), "{text}");
    }

    #[test]
    fn without_a_name_server_nothing_is_forwarded() {
        let text = text(&[]);
        assert!(!text.contains("forward"), "{text}");
        assert_eq!(text.matches('{').count(), text.matches('}').count());
    }

    #[test]
    fn both_names_lead_to_the_docker_host() {
        assert_eq!(
            hosts(Ipv4Addr::new(172, 17, 0, 1)),
            "172.17.0.1 host.docker.internal host.openshell.internal\n"
        );
    }
}
