//! The node's name that a volume knows, in the kubelet's client certificate: it must never change, or Kubernetes gives the
//! volume's pods up.

use x509_parser::pem::Pem;

/// NAME of the subject's CN `system:node:NAME`.
pub fn node_in_certificate(pem: &[u8]) -> Option<String> {
    let pem = Pem::iter_from_buffer(pem)
        .flatten()
        .find(|block| block.label == "CERTIFICATE")?;
    let certificate = pem.parse_x509().ok()?;
    let name = certificate.subject().iter_common_name().next()?.as_str().ok()?;
    name.strip_prefix("system:node:")
        .filter(|node| !node.is_empty())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, KeyPair};

    fn certificate(name: &str) -> String {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params
            .distinguished_name
            .push(DnType::OrganizationName, "system:nodes");
        params.distinguished_name.push(DnType::CommonName, name);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
    }

    #[test]
    fn reads_the_node_and_nothing_else() {
        let key = KeyPair::generate().unwrap().serialize_pem();
        let with_key = format!("{key}{}", certificate("system:node:openshell-g"));
        assert_eq!(
            node_in_certificate(with_key.as_bytes()).as_deref(),
            Some("openshell-g")
        );
        for other in [
            certificate("admin"),
            certificate("system:node:"),
            key,
            "x".into(),
            String::new(),
        ] {
            assert_eq!(node_in_certificate(other.as_bytes()), None);
        }
    }
}
