//! How a secret is shown: a fingerprint that neither reveals it nor lets it be guessed from a list.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// `hmac-sha256:` and 12 hex digits. Equal secrets have equal fingerprints in every tool.
pub fn fingerprint(secret: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(b"openshell-gateway-fingerprint").expect("HMAC takes any key");
    mac.update(secret);
    let digest = mac.finalize().into_bytes();
    format!("hmac-sha256:{}", hex::encode(&digest[..6]))
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    #[test]
    fn has_the_form_that_the_contract_names() {
        let shown = fingerprint(b"a secret");
        let digits = shown.strip_prefix("hmac-sha256:").expect("prefix");
        assert_eq!(digits.len(), 12);
        assert!(
            digits
                .bytes()
                .all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
        );
        assert_ne!(shown, fingerprint(b"another secret"));
    }
}
