//! Certificates change while a client connects again and again. It takes minutes, because a kubelet does: `--all` only.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cluster_fixture::{SharedGateway, is_thorough, run_apart};
use gateway_probe::{Outcome, client_config, probe};

use crate::scene::run;

/// What a client met, time after time.
#[derive(Debug, Default)]
struct Met {
    served: usize,
    unavailable: usize,
    turned_away: Vec<String>,
}

/// A client that reads its bundle each time, or keeps the one that it had at first.
fn connect_until(gateway: &SharedGateway, keeps: bool, ended: &AtomicBool) -> Met {
    let endpoint = gateway.endpoint();
    let address = endpoint.trim_start_matches("https://");
    let read = || {
        // One descriptor's folder is one bundle, however often the name is swapped.
        let folder = std::fs::File::open(gateway.folder().join("mtls")).unwrap();
        let of = |name: &str| {
            use std::os::fd::AsRawFd;
            std::fs::read(format!("/proc/self/fd/{}/{name}", folder.as_raw_fd())).unwrap()
        };
        client_config(&of("ca.crt"), Some((&of("tls.crt"), &of("tls.key")))).unwrap()
    };
    let first = read();
    let mut met = Met::default();
    run_apart(async || {
        while !ended.load(Ordering::SeqCst) {
            let config = if keeps { first.clone() } else { read() };
            match probe(address, "127.0.0.1", Some(&config), Duration::from_secs(5)).await {
                Outcome::Serving => met.served += 1,
                Outcome::TlsFailed { detail, .. } => met.turned_away.push(detail),
                _ => met.unavailable += 1,
            }
        }
    });
    met
}

fn while_connected(gateway: &SharedGateway, keeps: bool, work: impl FnOnce()) -> Met {
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let client = scope.spawn(|| connect_until(gateway, keeps, &ended));
        let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        ended.store(true, Ordering::SeqCst);
        let met = client.join().unwrap();
        if let Err(panic) = worked {
            std::panic::resume_unwind(panic);
        }
        met
    })
}

/// The SHA-256 fingerprint of the certificate that is served.
fn served(gateway: &SharedGateway) -> String {
    let endpoint = gateway.endpoint();
    let words = format!(
        "openssl s_client -connect {} </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256",
        endpoint.trim_start_matches("https://")
    );
    let output = std::process::Command::new("sh")
        .args(["-c", &words])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let hex = text.rsplit('=').next().unwrap_or_default();
    hex.trim().replace(':', "").to_lowercase()
}

fn wait_until_served(gateway: &SharedGateway, fingerprint: &str) {
    let end = std::time::Instant::now() + Duration::from_secs(240);
    while served(gateway) != fingerprint {
        assert!(
            std::time::Instant::now() < end,
            "the new certificate is not served"
        );
        std::thread::sleep(Duration::from_millis(500));
    }
}

#[test]
fn no_client_is_turned_away() {
    let Some(gateway) = SharedGateway::find() else {
        return;
    };
    if !is_thorough() {
        println!("skipped: a sweep or a benchmark, only with scripts/test --all");
        return;
    }
    let leaf = |run: &tool_document::Run| {
        run.document["certificates"][1]["fingerprint_sha256"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    // A client that keeps the old bundle, for the CA stays.
    let met = while_connected(&gateway, true, || {
        let rotated = run(&gateway, &["reconcile", "--rotate", "leaf", "--restart"]);
        assert_eq!(rotated.code, 0, "{}", rotated.stderr);
        wait_until_served(&gateway, &leaf(&rotated));
    });
    println!("leaf: {met:?}");
    assert!(met.served > 0 && met.turned_away.is_empty(), "{met:?}");
    // A client that follows its bundle.
    let met = while_connected(&gateway, false, || {
        let changed = run(&gateway, &["reconcile", "--rotate", "ca", "--restart"]);
        assert_eq!(
            (changed.code, changed.document["ca_change"].as_str()),
            (0, Some("steady")),
            "{}",
            changed.stderr
        );
        assert_eq!(served(&gateway), leaf(&changed));
    });
    println!("CA: {met:?}");
    assert!(met.served > 0 && met.turned_away.is_empty(), "{met:?}");
}
