//! Other people's programs with the exported bundle.

use std::path::Path;
use std::process::Command;

use cluster_fixture::{SharedGateway, run_apart};
use reference_base::client::{ClientTls, GatewayClient};

use crate::scene::run;

fn succeeds(mut command: Command) -> String {
    let output = command.output().expect("the command is installed");
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn curl(endpoint: &str, bundle: Option<&Path>) -> Command {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--http2", "--output", "/dev/null"]);
    command.args(["--write-out", "%{http_version} %{ssl_verify_result}"]);
    match bundle {
        Some(bundle) => {
            command.arg("--cacert").arg(bundle.join("ca.crt"));
            command.arg("--cert").arg(bundle.join("tls.crt"));
            command.arg("--key").arg(bundle.join("tls.key"));
        }
        None => {
            command.arg("--insecure");
        }
    }
    command.arg(endpoint);
    command
}

#[test]
fn curl_openssl_and_grpc_take_the_exported_bundle() {
    let Some(gateway) = SharedGateway::find() else {
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let bundle = place.path().join("bundle");
    let exported = run(&gateway, &["export", "--output", bundle.to_str().unwrap()]);
    assert_eq!(exported.code, 0, "{}", exported.stderr);

    let endpoint = gateway.endpoint();
    assert_eq!(succeeds(curl(&endpoint, Some(&bundle))), "2 0");
    let stranger = curl(&endpoint, None).output().unwrap();
    assert!(
        !stranger.status.success(),
        "without a certificate nobody is served"
    );

    let tls = ClientTls::from_folder(&bundle).unwrap();
    let client = GatewayClient::new(&endpoint, Some(tls)).unwrap();
    assert!(run_apart(async || client.is_serving().await.unwrap()));

    let mut verify = Command::new("openssl");
    verify.args(["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile"]);
    verify.arg(bundle.join("ca.crt")).arg(bundle.join("tls.crt"));
    succeeds(verify);
    let mut connect = Command::new("openssl");
    connect.args([
        "s_client",
        "-brief",
        "-verify_return_error",
        "-verify_hostname",
        "localhost",
        "-connect",
    ]);
    connect.arg(endpoint.trim_start_matches("https://"));
    connect.arg("-CAfile").arg(bundle.join("ca.crt"));
    connect.arg("-cert").arg(bundle.join("tls.crt"));
    connect.arg("-key").arg(bundle.join("tls.key"));
    succeeds(connect);
}
