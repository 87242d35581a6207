//! The node's name for a new volume. A volume that has a node keeps that node's name instead.

use sha2::{Digest, Sha256};

use crate::GatewayName;

/// The most that a label's value and a hostname may have.
const LONGEST: usize = 63;

/// `openshell-` and the gateway's name in lower-case alphanumerics, other runs as one `-`, trimmed; at most 63
/// characters, the last eight a hash where it had to be cut.
pub fn node_name_for(gateway: &GatewayName) -> String {
    let mut normal = String::new();
    for byte in gateway.as_str().bytes() {
        if byte.is_ascii_alphanumeric() {
            normal.push(char::from(byte.to_ascii_lowercase()));
        } else if !normal.ends_with('-') {
            normal.push('-');
        }
    }
    let normal = normal.trim_matches('-');
    let normal = if normal.is_empty() { "gateway" } else { normal };
    let name = format!("openshell-{normal}");
    if name.len() <= LONGEST {
        return name;
    }
    let digest = Sha256::digest(gateway.as_str().as_bytes());
    let hash = hex::encode(&digest[..4]);
    let kept = name[..LONGEST - 9].trim_end_matches('-');
    format!("{kept}-{hash}")
}

#[cfg(test)]
mod tests {
    use super::node_name_for;
    use crate::GatewayName;
    use proptest::prelude::*;

    #[test]
    fn normalises() {
        for (gateway, node) in [
            ("openshell", "openshell-openshell"),
            ("My.Gate__way-", "openshell-my-gate-way"),
            ("0", "openshell-0"),
        ] {
            assert_eq!(node_name_for(&gateway.parse().unwrap()), node);
        }
    }

    #[test]
    fn long_names_that_differ_at_the_end_stay_apart() {
        let (one, two) = (format!("{}1", "a".repeat(62)), format!("{}2", "a".repeat(62)));
        assert_ne!(
            node_name_for(&one.parse().unwrap()),
            node_name_for(&two.parse().unwrap())
        );
    }

    proptest! {
        #[test]
        fn is_always_a_label_and_a_hostname(text in "[A-Za-z0-9][A-Za-z0-9_.-]{0,62}") {
            let gateway: GatewayName = text.parse().unwrap();
            let node = node_name_for(&gateway);
            prop_assert!(node.len() <= 63);
            prop_assert!(node.starts_with("openshell-") && !node.ends_with('-') && !node.contains("--"));
            prop_assert!(node.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
        }
    }
}
