//! Tokens that open tunnels: `ID.RANDOM`, where ID is the sandbox's. A sandbox takes only tokens of its own, so that a pod which took over
//! another one's address is not mistaken for it.

use sha2::{Digest, Sha256};

/// A new token for a sandbox.
pub fn new(sandbox_id: &str) -> String {
    format!("{sandbox_id}.{}", hex::encode(rand::random::<[u8; 32]>()))
}

/// SHA-256 of a token, lower-case hex.
pub fn sha256(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{new, sha256};

    #[test]
    fn tokens_name_their_sandbox_and_differ() {
        let (one, other) = (new("id"), new("id"));
        assert!(one.starts_with("id.") && one.len() == "id.".len() + 64);
        assert_ne!(one, other);
    }

    #[test]
    fn the_hash_is_the_one_that_others_compute() {
        // printf token | sha256sum
        let known = "3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0";
        assert_eq!(sha256("token"), known);
    }
}
