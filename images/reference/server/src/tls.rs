//! TLS whose files may be replaced while the server runs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use reference_base::log::{self, Level};
use reference_base::pem::certificates;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;

use crate::settings::TlsFiles;

/// How old what was read may be at a handshake.
const FRESH: Duration = Duration::from_secs(1);

/// The content of the files: certificate, key, CA of clients.
#[derive(Clone, PartialEq, Eq)]
struct Material {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

struct Loaded {
    config: Arc<ServerConfig>,
    seen: Material,
    read_at: Instant,
    complained: Option<String>,
}

/// The server's TLS configuration, read again when its files change.
pub struct ReloadingTls {
    files: TlsFiles,
    loaded: Mutex<Loaded>,
}

impl ReloadingTls {
    /// Reads the files; an error names the file.
    pub fn load(files: TlsFiles) -> anyhow::Result<Self> {
        let seen = read(&files)?;
        let config = Arc::new(build(&seen)?);
        let loaded = Mutex::new(Loaded {
            config,
            seen,
            read_at: Instant::now(),
            complained: None,
        });
        Ok(Self { files, loaded })
    }

    /// What the next handshake uses. Files that cannot be used leave the last good set in force, and are logged once.
    pub fn current(&self) -> Arc<ServerConfig> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if loaded.read_at.elapsed() >= FRESH {
            loaded.read_at = Instant::now();
            match read(&self.files) {
                Ok(material) if material == loaded.seen => loaded.complained = None,
                Ok(material) => match build(&material) {
                    Ok(config) => {
                        log::write(Level::Info, "the TLS files changed and are in use");
                        loaded.config = Arc::new(config);
                        loaded.seen = material;
                        loaded.complained = None;
                    }
                    Err(error) => loaded.complain(&error),
                },
                Err(error) => loaded.complain(&error),
            }
        }
        loaded.config.clone()
    }
}

impl Loaded {
    fn complain(&mut self, error: &anyhow::Error) {
        let text = format!("{error:#}");
        if self.complained.as_ref() != Some(&text) {
            log::write(
                Level::Error,
                format_args!("the TLS files changed and cannot be used; the last good ones stay: {text}"),
            );
            self.complained = Some(text);
        }
    }
}

fn read(files: &TlsFiles) -> anyhow::Result<Material> {
    let file = |path: &std::path::Path| {
        std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
    };
    Ok(Material {
        certificate: file(&files.certificate)?,
        key: file(&files.key)?,
        client_ca: files.client_ca.as_deref().map(file).transpose()?,
    })
}

fn build(material: &Material) -> anyhow::Result<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let builder = match &material.client_ca {
        None => builder.with_no_client_auth(),
        Some(pem) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(pem).context("the CA of clients")? {
                roots.add(certificate).context("the CA of clients")?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.context("the CA of clients")?)
        }
    };
    let chain = certificates(&material.certificate).context("the server's certificate")?;
    let key = PrivateKeyDer::from_pem_slice(&material.key)
        .map_err(|error| anyhow::anyhow!("the server's key is no PEM key: {error}"))?;
    let mut config = builder
        .with_single_cert(chain, key)
        .context("the server's certificate and key")?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
