//! The built program, as a gateway and a test see it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const TIME: Duration = Duration::from_mins(1);

struct Supervisor {
    process: Child,
    address: SocketAddr,
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn secret() -> String {
    "7".repeat(64)
}

fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_openshell-sandbox"));
    command
        .args(["--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .env_clear()
        .stderr(Stdio::piped());
    command
}

fn start(command: &mut Command) -> Supervisor {
    let mut process = command.spawn().expect("start");
    let mut log = BufReader::new(process.stderr.take().expect("standard error"));
    let mut first = String::new();
    log.read_line(&mut first).expect("first line");
    let address = first.trim().rsplit(' ').next().and_then(|text| text.parse().ok());
    let address = address.unwrap_or_else(|| panic!("no address in {first:?}"));
    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    Supervisor { process, address }
}

fn started(data: &Path) -> Supervisor {
    start(command(data).env("OPENSHELL_SSH_HANDSHAKE_SECRET", secret()))
}

fn dial(address: SocketAddr) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(address).expect("connect");
    stream.set_read_timeout(Some(TIME)).expect("time-out");
    BufReader::new(stream)
}

fn send(connection: &mut BufReader<TcpStream>, text: &str) {
    connection.get_mut().write_all(text.as_bytes()).expect("write");
}

fn line(connection: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    connection.read_line(&mut line).expect("read");
    line
}

fn handshake(secret: &str, token: &str) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("clock")
        .as_secs();
    nssh1::sign(
        &secret.parse().expect("secret"),
        token,
        now,
        &uuid::Uuid::new_v4().to_string(),
    )
    .expect("sign")
}

fn session(supervisor: &Supervisor) -> BufReader<TcpStream> {
    let mut connection = dial(supervisor.address);
    send(&mut connection, &handshake(&secret(), "token"));
    assert_eq!(line(&mut connection), "OK\n");
    connection
}

fn refused(address: SocketAddr, text: &str) {
    let mut connection = dial(address);
    send(&mut connection, text);
    assert_eq!(line(&mut connection), "ERR\n", "{text:?}");
    let mut rest = Vec::new();
    let _ = connection.read_to_end(&mut rest);
    assert!(rest.is_empty(), "the connection goes on after {text:?}");
}

#[test]
fn refuses_to_start_without_a_secret_and_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    for value in [None, Some("")] {
        let mut command = command(folder.path());
        value.map(|value| command.env("OPENSHELL_SSH_HANDSHAKE_SECRET", value));
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(78));
        assert!(String::from_utf8_lossy(&output.stderr).contains("OPENSHELL_SSH_HANDSHAKE_SECRET"));
    }
}

#[test]
fn keeps_lines_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    {
        let supervisor = started(folder.path());
        let mut connection = session(&supervisor);
        for text in ["hello\n", "LINES\n", "\n"] {
            send(&mut connection, text);
            assert_eq!(line(&mut connection), text);
        }
    }
    let supervisor = started(folder.path());
    let mut connection = session(&supervisor);
    send(&mut connection, ".lines\n");
    let shown: Vec<String> = (0..4).map(|_| line(&mut connection)).collect();
    assert_eq!(shown, ["hello\n", "LINES\n", "\n", ".end\n"]);
}

#[test]
fn refuses_another_secret_a_replay_and_anything_else() {
    let folder = tempfile::tempdir().unwrap();
    let supervisor = started(folder.path());
    refused(supervisor.address, &handshake(&"8".repeat(64), "token"));
    refused(supervisor.address, "GET / HTTP/1.1\n");
    refused(supervisor.address, &format!("{}\n", "x".repeat(1024)));
    let used = handshake(&secret(), "token");
    let mut connection = dial(supervisor.address);
    send(&mut connection, &used);
    assert_eq!(line(&mut connection), "OK\n");
    refused(supervisor.address, &used);
}

#[test]
fn refuses_another_sandboxs_token_if_it_knows_its_own_id() {
    let folder = tempfile::tempdir().unwrap();
    let environment = [
        ("OPENSHELL_SSH_HANDSHAKE_SECRET", secret()),
        ("OPENSHELL_SANDBOX_ID", "own".to_owned()),
    ];
    let supervisor = start(command(folder.path()).envs(environment));
    let mut connection = dial(supervisor.address);
    send(&mut connection, &handshake(&secret(), "own.token"));
    assert_eq!(line(&mut connection), "OK\n");
    for token in ["other.token", "own", "owntoken"] {
        refused(supervisor.address, &handshake(&secret(), token));
    }
}

#[test]
fn its_commands_keep_and_show_lines() {
    let folder = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_openshell-sandbox"));
        let output = command
            .args(words)
            .env("OPENSHELL_SANDBOX_DATA", folder.path())
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(run(&["keep", "a line"]), (Some(0), String::new()));
    assert_eq!(run(&["keep", "another"]), (Some(0), String::new()));
    assert_eq!(run(&["kept"]), (Some(0), "a line\nanother\n".to_owned()));
}

#[test]
fn ends_with_the_code_of_its_main_process() {
    let folder = tempfile::tempdir().unwrap();
    let environment = [
        ("OPENSHELL_SSH_HANDSHAKE_SECRET", secret()),
        (
            "OPENSHELL_SANDBOX_COMMAND",
            r#"["sh", "-c", "exit 7"]"#.to_owned(),
        ),
        ("PATH", std::env::var("PATH").unwrap()),
    ];
    let mut supervisor = start(command(folder.path()).envs(environment));
    assert_eq!(supervisor.process.wait().unwrap().code(), Some(7));
}

#[test]
fn stops_on_sigterm_with_sessions_open() {
    let folder = tempfile::tempdir().unwrap();
    let mut supervisor = started(folder.path());
    let mut connection = session(&supervisor);
    send(&mut connection, "last\n");
    assert_eq!(line(&mut connection), "last\n");
    let told = Command::new("kill")
        .arg(supervisor.process.id().to_string())
        .status()
        .unwrap();
    assert!(told.success());
    assert_eq!(supervisor.process.wait().unwrap().code(), Some(0));
    assert_eq!(
        std::fs::read_to_string(folder.path().join("lines")).unwrap(),
        "last\n"
    );
}
