//! Tests: PKIs, sound and broken, as a cluster and a client may have them.

use std::collections::{BTreeMap, BTreeSet};

use client_files::BundleContent;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta, Time};
use kube_session::HeldSecret;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SignatureAlgorithm,
};
use time::{Duration, OffsetDateTime};

use crate::act::content::Material;
use crate::act::issue::{KeyType, Making};
use crate::examine::{Demand, Examined, examine, server_names};
use crate::observe::Observed;
use crate::observe::serving::Serving;
use crate::plan::step::Step;

/// The tests' clock: the year 2027.
pub const NOW: i64 = 1_800_000_000;

/// Keys of a Secret with their values.
pub type Values = BTreeMap<&'static str, Vec<u8>>;

/// What a cluster and a client have.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Pki {
    pub authority: Option<Values>,
    pub server: Option<Values>,
    pub client_ca: Option<Values>,
    pub client: Option<Values>,
    pub bundle: Option<Values>,
    pub bundle_is_open: bool,
    pub server_type: Option<&'static str>,
    pub immutable: bool,
    /// The server's pods.
    pub serving: Vec<Serving>,
    /// When the server's Secret and the one with the clients' CA were last written, after [`NOW`].
    pub written: [i64; 2],
    /// Seconds since [`NOW`].
    pub clock: i64,
}

pub type Ca = CertifiedIssuer<'static, KeyPair>;

/// How a leaf is made.
#[derive(Clone)]
pub struct Leaf {
    pub sans: Vec<String>,
    pub usage: Vec<ExtendedKeyUsagePurpose>,
    pub days: (i64, i64),
    pub is_ca: bool,
    pub algorithm: &'static SignatureAlgorithm,
}

impl Leaf {
    pub fn server() -> Self {
        Self {
            sans: wanted().into_iter().collect(),
            usage: vec![ExtendedKeyUsagePurpose::ServerAuth],
            days: (-1, 300),
            is_ca: false,
            algorithm: &PKCS_ECDSA_P256_SHA256,
        }
    }

    pub fn client() -> Self {
        Self {
            sans: Vec::new(),
            usage: vec![ExtendedKeyUsagePurpose::ClientAuth],
            ..Self::server()
        }
    }

    pub fn days(self, from: i64, to: i64) -> Self {
        Self {
            days: (from, to),
            ..self
        }
    }

    /// `tls.crt` and `tls.key`.
    pub fn by(&self, ca: &Ca) -> Values {
        let key = KeyPair::generate_for(self.algorithm).unwrap();
        let mut parameters = CertificateParams::new(self.sans.clone()).unwrap();
        (parameters.not_before, parameters.not_after) = (day(self.days.0), day(self.days.1));
        parameters.extended_key_usages.clone_from(&self.usage);
        if self.is_ca {
            parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let certificate = parameters.signed_by(&key, ca).unwrap();
        [
            ("tls.crt", certificate.pem().into_bytes()),
            ("tls.key", key.serialize_pem().into_bytes()),
        ]
        .into()
    }
}

fn day(number: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(NOW).unwrap() + Duration::days(number)
}

fn ca_parameters(days: (i64, i64)) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let name = format!("CA {:08x}", rand::random::<u32>());
    parameters.distinguished_name.push(DnType::CommonName, name);
    (parameters.not_before, parameters.not_after) = (day(days.0), day(days.1));
    parameters
}

/// A CA that is valid between these days from now.
pub fn ca(from: i64, to: i64) -> Ca {
    CertifiedIssuer::self_signed(ca_parameters((from, to)), KeyPair::generate().unwrap()).unwrap()
}

/// An intermediate CA.
pub fn ca_below(parent: &Ca) -> Ca {
    CertifiedIssuer::signed_by(ca_parameters((-1, 1000)), KeyPair::generate().unwrap(), parent).unwrap()
}

/// A certificate that may not sign others, with its key.
pub fn ca_that_is_none() -> Ca {
    let mut parameters = ca_parameters((-1, 1000));
    parameters.is_ca = IsCa::ExplicitNoCa;
    CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
}

/// `ca.crt` and `ca.key`.
pub fn kept(ca: &Ca) -> Values {
    [
        ("ca.crt", ca.pem().into_bytes()),
        ("ca.key", ca.key().serialize_pem().into_bytes()),
    ]
    .into()
}

/// The names that the server must have.
pub fn wanted() -> BTreeSet<String> {
    server_names::wanted("openshell", &[])
}

impl Pki {
    /// A sound one whose CA is kept.
    pub fn sound() -> Self {
        Self::of(&ca(-1, 3000))
    }

    /// A sound one of this CA.
    pub fn of(ca: &Ca) -> Self {
        Self::with(ca, &Leaf::server(), &Leaf::client())
    }

    /// One of this CA with these leaves.
    pub fn with(ca: &Ca, server: &Leaf, client: &Leaf) -> Self {
        let trust = ("ca.crt", ca.pem().into_bytes());
        let mut client = client.by(ca);
        client.insert(trust.0, trust.1.clone());
        Self {
            authority: Some(kept(ca)),
            server: Some(server.by(ca)),
            client_ca: Some([trust].into()),
            bundle: Some(client.clone()),
            client: Some(client),
            ..Self::default()
        }
    }

    /// The same without the CA's Secret, as gateways made elsewhere have it.
    pub fn made_elsewhere(self) -> Self {
        Self {
            authority: None,
            ..self
        }
    }

    /// As the tool reads it.
    pub fn observed(&self) -> Observed {
        let secret = |values: &Option<Values>, secret_type: &str, written: i64| {
            let values = values.as_ref()?;
            let data = values
                .iter()
                .map(|(key, value)| ((*key).to_owned(), ByteString(value.clone())));
            let time = |seconds| jiff::Timestamp::from_second(seconds).ok().map(Time);
            let metadata = ObjectMeta {
                creation_timestamp: time(0),
                managed_fields: Some(vec![ManagedFieldsEntry {
                    time: time(NOW + written),
                    ..ManagedFieldsEntry::default()
                }]),
                ..ObjectMeta::default()
            };
            Some(HeldSecret::from(Secret {
                metadata,
                data: Some(data.collect()),
                type_: Some(secret_type.to_owned()),
                immutable: Some(self.immutable),
                ..Secret::default()
            }))
        };
        Observed {
            authority: secret(&self.authority, "Opaque", 0),
            server: secret(
                &self.server,
                self.server_type.unwrap_or("kubernetes.io/tls"),
                self.written[0],
            ),
            client_ca: secret(&self.client_ca, "Opaque", self.written[1]),
            client: secret(&self.client, "Opaque", 0),
            bundle: self.bundle.as_ref().map(|files| BundleContent {
                ca: files["ca.crt"].clone(),
                certificate: files["tls.crt"].clone(),
                key: files["tls.key"].clone(),
            }),
            bundle_is_open: self.bundle_is_open,
            serving: self.serving.clone(),
        }
    }

    /// With a server that runs, and has read what there is.
    pub fn served(self, reloads: bool) -> Self {
        let serving = vec![Serving {
            created_at: NOW + self.clock,
            started_at: NOW + self.clock,
            reloads,
        }];
        Self { serving, ..self }
    }

    /// As the tool finds it.
    pub fn examined(&self) -> Examined {
        examine(&self.observed(), self.demand(&wanted()))
    }

    fn demand<'a>(&self, sans: &'a BTreeSet<String>) -> Demand<'a> {
        Demand {
            sans,
            renew_before: None,
            now: NOW + self.clock,
        }
    }

    /// Does a step as the tool does it, with memory in place of cluster and disk. Each takes a second.
    pub fn act(&mut self, step: Step) {
        self.clock += 1;
        let (observed, examined, wanted) = (self.observed(), self.examined(), wanted());
        let material = Material {
            observed: &observed,
            examined: &examined,
            demand: self.demand(&wanted),
            making: Making {
                key_type: KeyType::EcdsaP256,
                ca_seconds: 3650 * 86_400,
                leaf_seconds: 365 * 86_400,
            },
        };
        let values = material.values(step).unwrap();
        let place = match step {
            Step::MakeAuthority | Step::NoteRetiring | Step::ForgetRetired => &mut self.authority,
            Step::WriteClientCa => {
                self.written[1] = self.clock;
                &mut self.client_ca
            }
            Step::IssueServer => {
                self.written[0] = self.clock;
                &mut self.server
            }
            Step::IssueClient | Step::WriteClientTrust => &mut self.client,
            Step::WriteBundle => {
                self.bundle_is_open = false;
                &mut self.bundle
            }
        };
        let place = place.get_or_insert_default();
        place.extend(values.into_iter().map(|(key, value)| (key, value.to_vec())));
    }
}
