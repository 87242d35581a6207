//! Certificates of a test.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use reference_base::client::ClientTls;

/// A CA of its own.
pub struct Authority {
    /// Its certificate, PEM.
    pub pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, PEM.
pub struct Leaf {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        // OpenSSL takes a certificate for self-signed if it has the name of its issuer.
        params.distinguished_name.push(DnType::CommonName, "authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            pem,
            issuer: Issuer::new(params, key),
        }
    }

    fn leaf(&self, usage: ExtendedKeyUsagePurpose) -> Leaf {
        let mut params =
            CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        Leaf {
            certificate: params.signed_by(&key, &self.issuer).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }

    pub fn server(&self) -> Leaf {
        self.leaf(ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A client that trusts `gateway` and shows a certificate of this authority.
    pub fn client(&self, gateway: &Authority) -> ClientTls {
        let leaf = self.leaf(ExtendedKeyUsagePurpose::ClientAuth);
        ClientTls {
            ca: gateway.pem.clone().into_bytes(),
            identity: Some((leaf.certificate.into_bytes(), leaf.key.into_bytes())),
        }
    }

    /// A client's folder `mtls`: it trusts this authority and shows a certificate of it.
    pub fn write_client(&self, folder: &Path) {
        let tls = self.client(self);
        let (certificate, key) = tls.identity.expect("a certificate");
        for (name, content) in [("ca.crt", tls.ca), ("tls.crt", certificate), ("tls.key", key)] {
            std::fs::write(folder.join(name), content).unwrap();
        }
    }
}
