//! The cluster's own certificates: a CA that stays on the volume, and leaves that follow name and address.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::layout;

const CA_DAYS: i64 = 3650;
const LEAF_DAYS: i64 = 365;
/// A leaf with less time left is made again at a start.
const RENEW_DAYS: i64 = 120;

/// One leaf: whom it is for, and what it is good for.
struct Leaf {
    name: &'static str,
    common_name: String,
    organizations: &'static [&'static str],
    sans: Vec<String>,
}

/// Makes what is missing, and makes again what no longer fits.
pub fn reconcile(node: &str, address: Ipv4Addr, extra_sans: &[String]) -> anyhow::Result<()> {
    let issuer = authority()?;
    service_account_key()?;
    for leaf in leaves(node, address, extra_sans) {
        let (certificate, key) = (
            layout::tls(&format!("{}.crt", leaf.name)),
            layout::tls(&format!("{}.key", leaf.name)),
        );
        if !fits(&certificate, &key, &leaf) {
            issue(&issuer, &leaf, &certificate, &key).with_context(|| leaf.name.to_owned())?;
        }
    }
    kubelet_client(&issuer, node)?;
    kubeconfig(layout::KUBECONFIG.as_ref(), "admin")?;
    kubeconfig(layout::DNS_KUBECONFIG.as_ref(), "coredns")?;
    Ok(())
}

fn leaves(node: &str, address: Ipv4Addr, extra_sans: &[String]) -> Vec<Leaf> {
    let fixed = [
        "127.0.0.1",
        "localhost",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
    ];
    let mut sans: Vec<String> = fixed.map(str::to_owned).to_vec();
    sans.extend([
        layout::API_SERVICE.to_owned(),
        address.to_string(),
        node.to_owned(),
    ]);
    sans.extend(extra_sans.iter().cloned());
    sans.sort();
    sans.dedup();
    let plain = |name, common_name: &str, organizations| Leaf {
        name,
        common_name: common_name.to_owned(),
        organizations,
        sans: Vec::new(),
    };
    vec![
        Leaf {
            name: "apiserver",
            common_name: "kube-apiserver".to_owned(),
            organizations: &[],
            sans,
        },
        Leaf {
            name: "kubelet",
            common_name: node.to_owned(),
            organizations: &[],
            sans: vec![address.to_string(), node.to_owned()],
        },
        plain("admin", "system:admin", &["system:masters"]),
        plain("coredns", crate::dns_service::USER, &[]),
    ]
}

/// The kubelet's client certificate lies where k3s has it: the volume knows its node's name by it.
fn kubelet_client(issuer: &Issuer<'_, KeyPair>, node: &str) -> anyhow::Result<()> {
    let leaf = Leaf {
        name: "client-kubelet",
        common_name: format!("system:node:{node}"),
        // A young API server does not know yet which objects a node's pods use, and refuses them; the kubelet then waits ten
        // seconds. It reads the CA's key on this volume anyway, so that the second group gives it nothing.
        organizations: &["system:nodes", "system:masters"],
        sans: Vec::new(),
    };
    let certificate = layout::data(gateway_names::KUBELET_CERTIFICATE);
    let key = layout::data("agent/client-kubelet.key");
    if !fits(&certificate, &key, &leaf) {
        issue(issuer, &leaf, &certificate, &key).context("client-kubelet")?;
    }
    let text = kubeconfig_text("/run/openshell/ca.crt", &certificate, &key);
    fs::copy(layout::tls("ca.crt"), "/run/openshell/ca.crt")?;
    write_private("/run/openshell/kubelet.kubeconfig".as_ref(), text.as_bytes())
}

fn authority() -> anyhow::Result<Issuer<'static, KeyPair>> {
    let (certificate, key) = (layout::tls("ca.crt"), layout::tls("ca.key"));
    if !certificate.exists() {
        let pair = KeyPair::generate()?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::CrlSign,
            KeyUsagePurpose::DigitalSignature,
        ];
        params
            .distinguished_name
            .push(DnType::CommonName, "openshell-cluster-ca");
        (params.not_before, params.not_after) = validity(CA_DAYS);
        let made = params.self_signed(&pair)?;
        // The certificate comes last: where it is, the key is complete.
        write_private(&key, pair.serialize_pem().as_bytes())?;
        write_private(&certificate, made.pem().as_bytes())?;
    }
    let pair = KeyPair::from_pem(&fs::read_to_string(&key).context("ca.key")?).context("ca.key")?;
    Issuer::from_ca_cert_pem(&fs::read_to_string(&certificate).context("ca.crt")?, pair).context("ca.crt")
}

/// Tokens of service accounts are signed by it: it stays for the volume's whole life.
fn service_account_key() -> anyhow::Result<()> {
    let (private, public) = (
        layout::tls("service-account.key"),
        layout::tls("service-account.pub"),
    );
    if !public.exists() {
        let pair = KeyPair::generate()?;
        write_private(&private, pair.serialize_pem().as_bytes())?;
        write_private(&public, pair.public_key_pem().as_bytes())?;
    }
    Ok(())
}

fn issue(issuer: &Issuer<'_, KeyPair>, leaf: &Leaf, certificate: &Path, key: &Path) -> anyhow::Result<()> {
    let pair = KeyPair::generate()?;
    let mut params = CertificateParams::new(leaf.sans.clone())?;
    params
        .distinguished_name
        .push(DnType::CommonName, leaf.common_name.as_str());
    for (&organization, kind) in leaf
        .organizations
        .iter()
        .zip([DnType::OrganizationName, one_more_organization()])
    {
        params.distinguished_name.push(kind, organization);
    }
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyEncipherment,
    ];
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ClientAuth,
        ExtendedKeyUsagePurpose::ServerAuth,
    ];
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = validity(LEAF_DAYS);
    let made = params.signed_by(&pair, issuer)?;
    write_private(key, pair.serialize_pem().as_bytes())?;
    write_private(certificate, made.pem().as_bytes())
}

/// rcgen keeps one value of a kind; X.509 may have more, and Kubernetes reads each as a group.
fn one_more_organization() -> DnType {
    DnType::CustomDnType(vec![2, 5, 4, 10])
}

/// A clock that is an hour slow elsewhere must not refuse a certificate of now.
fn validity(days: i64) -> (OffsetDateTime, OffsetDateTime) {
    let now = OffsetDateTime::now_utc();
    (now - Duration::hours(1), now + Duration::days(days))
}

/// Is the certificate on the volume still the one that `leaf` asks for?
fn fits(certificate: &Path, key: &Path, leaf: &Leaf) -> bool {
    let (Ok(text), Ok(key)) = (fs::read_to_string(certificate), fs::read_to_string(key)) else {
        return false;
    };
    let Ok(pair) = KeyPair::from_pem(&key) else {
        return false;
    };
    let Ok((_, pem)) = x509_parser::pem::parse_x509_pem(text.as_bytes()) else {
        return false;
    };
    let Ok((_, read)) = X509Certificate::from_der(&pem.contents) else {
        return false;
    };
    let common_name = read
        .subject()
        .iter_common_name()
        .next()
        .and_then(|name| name.as_str().ok());
    let time_left = read.validity().not_after.timestamp() - OffsetDateTime::now_utc().unix_timestamp();
    let mut sans: Vec<String> = read
        .subject_alternative_name()
        .ok()
        .flatten()
        .into_iter()
        .flat_map(|extension| &extension.value.general_names)
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => <[u8; 4]>::try_from(*bytes)
                .ok()
                .map(|v4| IpAddr::from(v4).to_string()),
            _ => None,
        })
        .collect();
    sans.sort();
    let mut wanted = leaf.sans.clone();
    wanted.sort();
    let organizations: Vec<&str> = read
        .subject()
        .iter_organization()
        .filter_map(|name| name.as_str().ok())
        .collect();
    common_name == Some(leaf.common_name.as_str())
        && organizations == leaf.organizations
        && sans == wanted
        && time_left > RENEW_DAYS * 86_400
        && read.public_key().subject_public_key.data.as_ref() == pair.public_key_raw()
}

fn kubeconfig(path: &Path, user: &str) -> anyhow::Result<()> {
    use std::fmt::Write as _;
    let read = |name: &str| fs::read(layout::tls(name)).with_context(|| name.to_owned());
    let mut text = String::new();
    // JSON is YAML, and these values need no quoting beyond it.
    write!(
        text,
        "apiVersion: v1\nkind: Config\nclusters:\n- name: default\n  cluster:\n    certificate-authority-data: {}\n    \
         server: https://127.0.0.1:{}\nusers:\n- name: default\n  user:\n    client-certificate-data: {}\n    \
         client-key-data: {}\ncontexts:\n- name: default\n  context:\n    cluster: default\n    user: default\n\
         current-context: default\n",
        base64(&read("ca.crt")?),
        gateway_names::API_PORT,
        base64(&read(&format!("{user}.crt"))?),
        base64(&read(&format!("{user}.key"))?),
    )?;
    write_private(path, text.as_bytes())
}

fn kubeconfig_text(ca: &str, certificate: &Path, key: &Path) -> String {
    format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: default\n  cluster:\n    certificate-authority: {ca}\n    \
         server: https://127.0.0.1:{}\nusers:\n- name: default\n  user:\n    client-certificate: {}\n    \
         client-key: {}\ncontexts:\n- name: default\n  context:\n    cluster: default\n    user: default\n\
         current-context: default\n",
        gateway_names::API_PORT,
        certificate.display(),
        key.display(),
    )
}

/// RFC 4648, as kubeconfig files have it.
fn base64(bytes: &[u8]) -> String {
    serde_json::to_value(k8s_openapi::ByteString(bytes.to_vec()))
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// Writes a file that only root reads: beside its place, then renamed, so that a kill leaves no half of it.
pub fn write_private(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    use std::io::Write as _;
    let beside = path.with_extension("new");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .with_context(|| beside.display().to_string())?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&beside, path).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(common_name: &str, sans: &[&str]) -> Leaf {
        Leaf {
            name: "leaf",
            common_name: common_name.to_owned(),
            organizations: &["a", "b"],
            sans: sans.iter().map(|san| (*san).to_owned()).collect(),
        }
    }

    #[test]
    fn a_leaf_is_kept_until_its_name_or_address_differs() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("a.crt"), folder.path().join("a.key"));
        let pair = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = Issuer::new(params, pair);

        let wanted = leaf("system:node:a", &["localhost", "172.18.0.2"]);
        assert!(!fits(&certificate, &key, &wanted));
        issue(&issuer, &wanted, &certificate, &key).unwrap();
        assert!(fits(&certificate, &key, &wanted));
        assert!(!fits(
            &certificate,
            &key,
            &Leaf {
                organizations: &["a"],
                ..leaf("system:node:a", &["localhost", "172.18.0.2"])
            }
        ));
        assert!(!fits(
            &certificate,
            &key,
            &leaf("system:node:b", &["localhost", "172.18.0.2"])
        ));
        assert!(!fits(
            &certificate,
            &key,
            &leaf("system:node:a", &["localhost", "172.18.0.3"])
        ));
        let mode = fs::metadata(&key).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        fs::write(&key, KeyPair::generate().unwrap().serialize_pem()).unwrap();
        assert!(!fits(&certificate, &key, &wanted), "another key's certificate");
    }

    #[test]
    fn the_api_server_answers_to_every_name_once() {
        let extra = ["gw.example", "127.0.0.1"].map(str::to_owned);
        let leaves = leaves("node-a", Ipv4Addr::new(172, 18, 0, 2), &extra);
        let api = leaves.iter().find(|leaf| leaf.name == "apiserver").unwrap();
        for san in [
            "127.0.0.1",
            "localhost",
            "kubernetes.default.svc",
            "10.43.0.1",
            "172.18.0.2",
            "node-a",
            "gw.example",
        ] {
            assert_eq!(api.sans.iter().filter(|found| *found == san).count(), 1, "{san}");
        }
        let admin = leaves.iter().find(|leaf| leaf.name == "admin").unwrap();
        assert_eq!(admin.organizations, ["system:masters"]);
    }

    #[test]
    fn base64_is_padded() {
        assert_eq!(base64(b"ab"), "YWI=");
    }
}
