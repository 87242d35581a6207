//! `gw-wait grpc` against servers that the test makes.

mod servers;
mod through;

use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use servers::{Authority, listen, serve, wait, wait_with};

#[test]
fn a_server_that_serves_is_seen_in_plaintext_and_over_mtls() {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Authority::new();
    let (plain, secured) = runtime.block_on(async {
        let ((one, plain), (other, secured)) = (listen().await, listen().await);
        serve(one, None, true, true);
        serve(other, Some((&authority, &authority)), true, true);
        (plain, secured)
    });
    let files = authority.client(folder.path());
    for ended in [wait(plain, "60s", None), wait(secured, "60s", Some(&files))] {
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert_eq!(ended.document["shown_by"], "grpc.health.v1 says SERVING");
    }
}

#[test]
fn a_server_without_the_health_service_serves() {
    let runtime = Runtime::new().expect("a runtime");
    let address = runtime.block_on(async {
        let (listener, address) = listen().await;
        serve(listener, None, false, true);
        address
    });
    let ended = wait(address, "60s", None);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(
        ended.document["shown_by"],
        "the server answers, and has no grpc.health.v1"
    );
}

#[test]
fn what_cannot_be_used_is_waited_out_and_named() {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let (own, stranger) = (Authority::new(), Authority::new());
    let files = own.client(folder.path());
    let (another_ca, refuses_client, not_serving, nobody) = runtime.block_on(async {
        let ((one, another_ca), (two, refuses_client)) = (listen().await, listen().await);
        let ((three, not_serving), (four, nobody)) = (listen().await, listen().await);
        serve(one, Some((&stranger, &own)), true, true);
        serve(two, Some((&own, &stranger)), true, true);
        serve(three, None, true, false);
        drop(four);
        (another_ca, refuses_client, not_serving, nobody)
    });
    for (address, files, word) in [
        (another_ca, Some(&files), "server_untrusted"),
        (refuses_client, Some(&files), "client_refused"),
        (not_serving, None, "not_serving"),
        (nobody, None, "refused"),
    ] {
        let ended = wait(address, "3s", files);
        assert_eq!(
            (ended.code, ended.reason()),
            (124, "timed_out"),
            "{}",
            ended.stderr
        );
        assert_eq!(ended.document["last_cause"]["word"], word, "{}", ended.stderr);
        assert!(ended.document["shown_by"].is_null());
    }
}

#[test]
fn each_fault_of_a_connection_has_its_word() {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let own = Authority::new();
    let files = own.client(folder.path());
    let (secured, plain_http, closing) = runtime.block_on(async {
        let ((one, secured), (two, plain_http), (three, closing)) =
            (listen().await, listen().await, listen().await);
        serve(one, Some((&own, &own)), true, true);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = two.accept().await {
                let answer = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
                let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, answer).await;
            }
        });
        tokio::spawn(async move { while three.accept().await.is_ok() {} });
        (secured, plain_http, closing)
    });
    let other_name = ["--tls-server-name", "other.example"];
    for (address, files, flags, word) in [
        (secured, Some(&files), &other_name[..], "name_mismatch"),
        (plain_http, Some(&files), &[], "not_tls"),
        (plain_http, None, &[], "not_http2"),
        (closing, Some(&files), &[], "reset"),
        (closing, None, &[], "reset"),
    ] {
        let ended = wait_with(address, "700ms", files, flags);
        assert_eq!(ended.code, 124, "{}", ended.stderr);
        assert_eq!(ended.document["last_cause"]["word"], word, "{}", ended.stderr);
    }
    // Skipping the verification is only by its flag.
    let ended = wait_with(
        secured,
        "60s",
        Some(&files),
        &["--tls-server-name", "other.example", "--tls-no-verify"],
    );
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

#[test]
fn a_client_certificate_that_expired_and_is_refused_fails_at_once() {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let own = Authority::new();
    let files = own.client_until(folder.path(), 2001);
    let address = runtime.block_on(async {
        let (listener, address) = listen().await;
        serve(listener, Some((&own, &own)), true, true);
        address
    });
    let ended = wait(address, "60s", Some(&files));
    assert_eq!(
        (ended.code, ended.reason()),
        (78, "client_certificate_expired"),
        "{}",
        ended.stderr
    );
}

#[test]
fn another_service_is_asked_for_by_its_name() {
    let runtime = Runtime::new().expect("a runtime");
    let address = runtime.block_on(async {
        let (listener, address) = listen().await;
        serve(listener, None, true, true);
        address
    });
    let ended = wait_with(address, "1s", None, &["--service", "no.such.Service"]);
    assert_eq!(
        ended.document["last_cause"]["word"], "rpc_failed",
        "{}",
        ended.stderr
    );
}

/// While routes come up, a stranger may answer on the gateway's port: it is waited out.
#[test]
fn a_stranger_before_the_gateway_is_waited_out() {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let (own, stranger) = (Authority::new(), Authority::new());
    let files = own.client(folder.path());
    let address = runtime.block_on(async {
        let (first, first_address) = listen().await;
        let (second, second_address) = listen().await;
        serve(first, Some((&stranger, &stranger)), true, true);
        serve(second, Some((&own, &own)), true, true);
        let (front, address) = listen().await;
        // The first connections go to the stranger, the later ones to the gateway.
        tokio::spawn(async move {
            let mut connections = 0;
            while let Ok((mut client, _)) = front.accept().await {
                connections += 1;
                let target = if connections <= 3 {
                    first_address
                } else {
                    second_address
                };
                tokio::spawn(async move {
                    if let Ok(mut server) = tokio::net::TcpStream::connect(target).await {
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                    }
                });
            }
        });
        address
    });
    let ended = wait(address, "60s", Some(&files));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.document["last_cause"]["word"], "server_untrusted");
    assert!(ended.document["attempts"].as_u64().expect("a number") >= 4);
}

#[test]
fn a_server_that_comes_later_is_waited_for() {
    let runtime = Runtime::new().expect("a runtime");
    let (listener, address) = runtime.block_on(listen());
    drop(listener);
    let waiting = std::thread::spawn(move || wait(address, "60s", None));
    std::thread::sleep(Duration::from_millis(300));
    runtime.block_on(async {
        let listener = TcpListener::bind(address).await.expect("the same port");
        serve(listener, None, true, true);
    });
    let ended = waiting.join().expect("the tool's run");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.document["last_cause"]["word"], "refused");
}
