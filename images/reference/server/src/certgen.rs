//! `reference-server generate-certs`: the hook of today's chart. It makes TLS Secrets and JWT keys if nothing of them is there, the keys alone
//! if the TLS Secrets are there, and refuses a partial state.
//!
//! Exit codes: 0 done; 1 Kubernetes failed, or the state is partial; 2 usage; 78 the kubeconfig is wrong.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use argh::FromArgs;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{ObjectMeta, PostParams};
use kube_session::{Trouble, classify, explain};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ED25519,
};
use reference_base::program::Refused;
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

use crate::cluster;

/// How long the certificates are valid.
const VALIDITY: Duration = Duration::days(3650);

/// Makes the Secrets that today's server needs.
#[derive(FromArgs)]
struct Flags {
    /// namespace of the Secrets
    #[argh(option)]
    namespace: String,
    /// secret of the server's certificate (default openshell-server-tls)
    #[argh(option, default = "gateway_names::SERVER_TLS_SECRET.to_owned()")]
    server_secret_name: String,
    /// secret of clients' certificate (default openshell-client-tls)
    #[argh(option, default = "gateway_names::CLIENT_TLS_SECRET.to_owned()")]
    client_secret_name: String,
    /// secret of the JWT keys (default openshell-jwt-keys)
    #[argh(option, default = "String::from(\"openshell-jwt-keys\")")]
    jwt_secret_name: String,
    /// name or address in the server's certificate; may be given several times
    #[argh(option)]
    server_san: Vec<String>,
}

/// What is to be made.
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    Nothing,
    JwtKeys,
    Everything,
    Refuse,
}

fn plan(server: bool, client: bool, jwt: bool) -> Plan {
    match (server, client, jwt) {
        (true, true, true) => Plan::Nothing,
        (true, true, false) => Plan::JwtKeys,
        (false, false, false) => Plan::Everything,
        _ => Plan::Refuse,
    }
}

/// Runs the command with what follows its name.
pub async fn run(arguments: &[&str]) -> Result<(), Refused> {
    let flags = Flags::from_args(&["reference-server", "generate-certs"], arguments);
    let flags = flags.map_err(|exit| Refused::usage(&exit))?;
    // Fails only if one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = cluster::client().await?;
    let secrets = Api::namespaced(client, &flags.namespace);
    generate(&flags, &secrets)
        .await
        .map_err(|error| Refused::failed(&error))
}

async fn generate(flags: &Flags, secrets: &Api<Secret>) -> anyhow::Result<()> {
    let server = is_there(secrets, &flags.server_secret_name).await?;
    let client = is_there(secrets, &flags.client_secret_name).await?;
    let jwt = is_there(secrets, &flags.jwt_secret_name).await?;
    match plan(server, client, jwt) {
        Plan::Nothing => {
            eprintln!("reference-server: all Secrets are there");
            Ok(())
        }
        Plan::JwtKeys => create(secrets, &flags.jwt_secret_name, "Opaque", jwt_keys()?).await,
        Plan::Everything => {
            let (server, client) = tls(&flags.server_san)?;
            create(secrets, &flags.server_secret_name, "kubernetes.io/tls", server).await?;
            create(secrets, &flags.client_secret_name, "kubernetes.io/tls", client).await?;
            create(secrets, &flags.jwt_secret_name, "Opaque", jwt_keys()?).await
        }
        Plan::Refuse => bail!(
            "partial PKI state: {} {}, {} {}, {} {}; delete what is left of it, or bring back what is missing",
            flags.server_secret_name,
            word(server),
            flags.client_secret_name,
            word(client),
            flags.jwt_secret_name,
            word(jwt)
        ),
    }
}

fn word(is_there: bool) -> &'static str {
    if is_there { "exists" } else { "is missing" }
}

async fn is_there(secrets: &Api<Secret>, name: &str) -> anyhow::Result<bool> {
    match secrets.get(name).await {
        Ok(_) => Ok(true),
        Err(error) if classify(&error, name) == Trouble::Absent => Ok(false),
        Err(error) => bail!("Secret {name}: {}", explain(&error)),
    }
}

type Data = Vec<(&'static str, String)>;

async fn create(secrets: &Api<Secret>, name: &str, type_: &str, data: Data) -> anyhow::Result<()> {
    let data: BTreeMap<String, ByteString> = data
        .into_iter()
        .map(|(key, value)| (key.to_owned(), ByteString(value.into_bytes())))
        .collect();
    let secret = Secret {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        },
        type_: Some(type_.to_owned()),
        data: Some(data),
        ..Secret::default()
    };
    let created = secrets.create(&PostParams::default(), &secret).await;
    created.map_err(|error| anyhow::anyhow!("Secret {name}: {}", explain(&error)))?;
    eprintln!("reference-server: Secret {name} made");
    Ok(())
}

fn jwt_keys() -> anyhow::Result<Data> {
    let key = KeyPair::generate_for(&PKCS_ED25519).context("an Ed25519 key")?;
    let public = key.public_key_pem();
    let digest = Sha256::digest(public.as_bytes());
    let kid = hex::encode(&digest[..8]);
    Ok(vec![
        ("signing.pem", key.serialize_pem()),
        ("public.pem", public),
        ("kid", kid),
    ])
}

/// The server's Secret and the clients'. The CA's key is kept nowhere, as OpenShell's hook has it.
fn tls(sans: &[String]) -> anyhow::Result<(Data, Data)> {
    let mut params = of_name("openshell-ca", Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().context("the CA's key")?;
    let ca = params.self_signed(&key).context("the CA")?.pem();
    let issuer = Issuer::new(params, key);
    let leaf = |name: &str, sans: Vec<String>, usage: ExtendedKeyUsagePurpose| -> anyhow::Result<Data> {
        let mut params = of_name(name, sans)?;
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().context("a key")?;
        let certificate = params.signed_by(&key, &issuer).context("a certificate")?;
        Ok(vec![
            ("tls.crt", certificate.pem()),
            ("tls.key", key.serialize_pem()),
            ("ca.crt", ca.clone()),
        ])
    };
    Ok((
        leaf(
            "openshell-server",
            sans.to_vec(),
            ExtendedKeyUsagePurpose::ServerAuth,
        )?,
        leaf(
            "openshell-client",
            Vec::new(),
            ExtendedKeyUsagePurpose::ClientAuth,
        )?,
    ))
}

fn of_name(name: &str, sans: Vec<String>) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::new(sans).context("--server-san")?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = OffsetDateTime::now_utc() - Duration::hours(1);
    params.not_after = OffsetDateTime::now_utc() + VALIDITY;
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::{Plan, jwt_keys, plan, tls};
    use rustls_pki_types::PrivateKeyDer;
    use rustls_pki_types::pem::PemObject;

    #[test]
    fn only_a_whole_state_is_added_to() {
        assert_eq!(plan(true, true, true), Plan::Nothing);
        assert_eq!(plan(true, true, false), Plan::JwtKeys);
        assert_eq!(plan(false, false, false), Plan::Everything);
        for (server, client, jwt) in [
            (true, false, false),
            (false, true, false),
            (false, false, true),
            (true, false, true),
            (false, true, true),
        ] {
            assert_eq!(plan(server, client, jwt), Plan::Refuse, "{server} {client} {jwt}");
        }
    }

    #[test]
    fn the_keys_are_pem() {
        let (server, client) = tls(&["openshell".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        for data in [server, client] {
            assert_eq!(
                data.iter().map(|(key, _)| *key).collect::<Vec<_>>(),
                ["tls.crt", "tls.key", "ca.crt"]
            );
            PrivateKeyDer::from_pem_slice(data[1].1.as_bytes()).unwrap();
        }
        let jwt = jwt_keys().unwrap();
        PrivateKeyDer::from_pem_slice(jwt[0].1.as_bytes()).unwrap();
        assert!(jwt[1].1.contains("PUBLIC KEY") && jwt[2].1.len() == 16);
    }
}
