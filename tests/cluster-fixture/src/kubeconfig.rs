//! The kubeconfig of the shared cluster, and kubeconfigs for servers of tests.

use std::io::Write;
use std::path::{Path, PathBuf};

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::json;
use tempfile::NamedTempFile;

/// The shared cluster's kubeconfig, from OPENSHELL_TEST_KUBECONFIG. Where it is not set the test says that it is
/// skipped, and must return.
pub fn kubeconfig() -> Option<PathBuf> {
    let found = std::env::var_os("OPENSHELL_TEST_KUBECONFIG").filter(|value| !value.is_empty());
    if found.is_none() {
        println!("skipped: OPENSHELL_TEST_KUBECONFIG is not set");
    }
    found.map(PathBuf::from)
}

/// A client for the kubeconfig's current context.
///
/// # Panics
/// Where the kubeconfig is wrong.
pub async fn client(kubeconfig: &Path) -> Client {
    let read = Kubeconfig::read_from(kubeconfig).expect("a kubeconfig");
    let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default())
        .await
        .expect("a kubeconfig with a current context");
    Client::try_from(config).expect("a client")
}

/// Writes a kubeconfig without credentials for a server; `ca` is PEM, for https.
pub fn write(server: &str, ca: Option<&str>) -> NamedTempFile {
    let ca_file =
        ca.map(|text| json!({ "server": server, "certificate-authority-data": base64(text.as_bytes()) }));
    let cluster = ca_file.unwrap_or_else(|| json!({ "server": server }));
    // Every JSON document is a YAML document.
    let text = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [{ "name": "test", "cluster": cluster }],
        "users": [{ "name": "test", "user": {} }],
        "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test" } }],
    });
    let mut file = NamedTempFile::new().expect("a temporary file");
    write!(file, "{text}").expect("a temporary file can be written");
    file
}

/// A kubeconfig whose API server is a port that nobody has.
///
/// # Panics
/// Where this machine has no free port.
pub fn unreachable() -> NamedTempFile {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    write(&format!("https://{address}"), None)
}

fn base64(bytes: &[u8]) -> String {
    let encoded =
        serde_json::to_value(k8s_openapi::ByteString(bytes.to_vec())).expect("base64 is plain text");
    encoded.as_str().expect("base64 is plain text").to_owned()
}
