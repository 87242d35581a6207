//! `gw-wait sandbox` against a gateway that the test plays.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use tool_document::{Run, check, read};

const TOKEN: &str = "tok-5ecret";

/// What the gateway does with one connection, in the order of the connections; the last one goes on.
#[derive(Clone, Copy)]
enum Then {
    Answer(u16, &'static str),
    Tunnel(&'static str),
    TunnelClosed,
}

/// Plays a gateway; every request's head is kept.
fn gateway(script: &'static [Then]) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let heads = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&heads);
    std::thread::spawn(move || {
        let mut tunnels: Vec<TcpStream> = Vec::new();
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.expect("a connection");
            let mut head = String::new();
            let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).expect("a line") > 0 {}
            kept.lock().expect("no panic").push(head);
            match script[number.min(script.len() - 1)] {
                Then::Answer(status, text) => {
                    let length = text.len();
                    let _ = write!(
                        stream,
                        "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n{text}"
                    );
                }
                Then::Tunnel(greeting) => {
                    let _ = write!(stream, "HTTP/1.1 200 OK\r\n\r\n{greeting}");
                    tunnels.push(stream);
                }
                Then::TunnelClosed => {
                    let _ = write!(stream, "HTTP/1.1 200 OK\r\n\r\n");
                }
            }
        }
    });
    (address, heads)
}

fn wait(address: SocketAddr, flags: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gw-wait"));
    command
        .args([
            "sandbox",
            "--id",
            "id-1",
            "--token-file",
            "-",
            "--plaintext",
            "--address",
        ])
        .arg(address.to_string())
        .args(flags)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the tool starts");
    let mut input = child.stdin.take().expect("a pipe");
    writeln!(input, "{TOKEN}").expect("the tool reads");
    drop(input);
    let output = child.wait_with_output().expect("the tool ends");
    let ended = read(&command, &output);
    check(&ended, include_str!("../schema.json"));
    let said = format!("{}{}", ended.stdout, ended.stderr);
    assert!(!said.contains(TOKEN), "the token is shown: {said}");
    ended
}

#[test]
fn a_sandbox_that_is_not_ready_is_asked_again_and_a_tunnel_is_enough() {
    let (address, heads) = gateway(&[Then::Answer(412, "its pod is Pending"), Then::Tunnel("")]);
    let ended = wait(address, &[]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.document["attempts"], 2);
    assert_eq!(ended.document["last_cause"]["word"], "sandbox_not_ready");
    let detail = ended.document["last_cause"]["detail"].as_str().expect("a text");
    assert!(detail.contains("its pod is Pending"), "{detail}");
    assert!(ended.document["waited_ms"].as_u64().expect("a number") >= 500);
    let heads = heads.lock().expect("no panic");
    assert!(
        heads[0].starts_with("CONNECT /connect/ssh HTTP/1.1\r\n"),
        "{}",
        heads[0]
    );
    assert!(heads[0].contains("x-sandbox-id: id-1\r\n") && heads[0].contains(TOKEN));
}

#[test]
fn other_statuses_fail_at_once_with_their_meaning() {
    for (script, code, reason) in [
        (&[Then::Answer(401, "")], 77, "token_refused"),
        (&[Then::Answer(404, "")], 1, "no_sandbox"),
        (&[Then::Answer(429, "")], 75, "too_many_tunnels"),
        (&[Then::Answer(502, "refused")], 1, "sandbox_unreachable"),
        (&[Then::Answer(500, "")], 1, "unexpected_status"),
    ] {
        let (address, heads) = gateway(script);
        let ended = wait(address, &[]);
        assert_eq!((ended.code, ended.reason()), (code, reason), "{}", ended.stderr);
        assert_eq!(
            heads.lock().expect("no panic").len(),
            1,
            "{reason} is asked again"
        );
    }
}

#[test]
fn a_handshake_is_proved_by_what_the_tunnel_carries_or_by_its_staying_open() {
    for (script, shown_by) in [
        (&[Then::Tunnel("SSH-2.0-x\r\n")], "its SSH server answers"),
        (&[Then::Tunnel("hello\n")], "took the handshake and spoke"),
        (&[Then::Tunnel("")], "says nothing by itself"),
    ] {
        let (address, _heads) = gateway(script);
        let ended = wait(address, &["--handshake"]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let shown = ended.document["shown_by"].as_str().expect("a text");
        assert!(shown.contains(shown_by), "{shown}");
    }
    for flag in ["--handshake", "--ssh"] {
        let (address, _heads) = gateway(&[Then::TunnelClosed]);
        let ended = wait(address, &[flag]);
        assert_eq!(
            (ended.code, ended.reason()),
            (1, "handshake_refused"),
            "{}",
            ended.stderr
        );
    }
    // Without the flag, a tunnel that is closed later is none of its business.
    let (address, _heads) = gateway(&[Then::TunnelClosed]);
    assert_eq!(wait(address, &[]).code, 0);
}

#[test]
fn the_sandbox_itself_must_answer_where_ssh_is_asked_for() {
    let (address, _heads) = gateway(&[Then::Tunnel("SSH-2.0-x\r\n")]);
    assert_eq!(wait(address, &["--ssh"]).code, 0);
    for (script, what) in [
        (&[Then::Tunnel("SSH-1.99-x\r\n")], "something else"),
        (&[Then::Tunnel("")], "nothing"),
    ] {
        let (address, _heads) = gateway(script);
        let ended = wait(address, &["--ssh"]);
        assert_eq!((ended.code, ended.reason()), (1, "no_ssh"), "{}", ended.stderr);
        assert!(
            ended.stderr.contains(&format!("{what} comes")),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn patience_with_a_sandbox_ends() {
    let (address, _heads) = gateway(&[Then::Answer(412, "its pod is Pending")]);
    let ended = wait(address, &["--patience", "2s"]);
    assert_eq!(
        (ended.code, ended.reason()),
        (124, "timed_out"),
        "{}",
        ended.stderr
    );
    let said = &ended.stderr;
    assert!(
        said.contains("within 2.0 s") && said.contains("its pod is Pending"),
        "{said}"
    );
}
