//! `gw-wait tcp`, and how soon it and `gw-wait grpc` see a port that opens.

use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tool_document::{Run, check, run};

fn command(condition: &str, address: &str, flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gw-wait"));
    command.args([condition, "--address", address]).args(flags);
    command
}

fn wait(address: &str, flags: &[&str]) -> Run {
    let ended = run(command("tcp", address, flags));
    check(&ended, include_str!("../schema.json"));
    ended
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}

#[test]
fn an_open_port_is_seen_and_a_closed_one_named() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let ended = wait(&address, &[]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.document["first_success_at"].is_string());
    drop(listener);
    let ended = wait(&address, &["--timeout", "700ms"]);
    assert_eq!(
        (ended.code, ended.reason()),
        (124, "timed_out"),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.document["last_cause"]["word"], "refused");
    assert!(ended.document["first_success_at"].is_null());
}

/// Docker's port forwarder does so where nothing listens inside the container.
#[test]
fn a_port_that_closes_every_connection_is_not_open() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let ended = wait(&address, &["--timeout", "700ms"]);
    assert_eq!(ended.document["last_cause"]["word"], "reset", "{}", ended.stderr);
    assert_eq!(ended.code, 124);
}

#[test]
fn a_name_that_does_not_resolve_ends_with_the_deadline() {
    let begun = Instant::now();
    let ended = wait("gateway.invalid:1", &["--timeout", "1s"]);
    assert_eq!(
        (ended.code, ended.reason()),
        (124, "timed_out"),
        "{}",
        ended.stderr
    );
    assert!(begun.elapsed() < Duration::from_secs(3));
}

/// How long after the port opened the tool had ended, and how often it had tried.
fn latency(condition: &str, flags: &[&str], opens_after: Duration) -> (Duration, u64) {
    let address = free_address();
    let mut waiting = command(condition, &address.to_string(), flags);
    let child = waiting
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the tool starts");
    std::thread::sleep(opens_after);
    let opened = Instant::now();
    let listener = TcpListener::bind(address).expect("the same port");
    let serving = (condition == "grpc").then(|| serve(listener.try_clone().expect("a socket")));
    let output = child.wait_with_output().expect("the tool ends");
    let took = opened.elapsed();
    drop(serving);
    let ended = tool_document::read(&waiting, &output);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    (took, ended.document["attempts"].as_u64().expect("a number"))
}

/// A gRPC server without the health service, until it is dropped.
fn serve(listener: TcpListener) -> tokio::runtime::Runtime {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    listener.set_nonblocking(true).expect("a socket");
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        let _ = tonic::transport::Server::builder()
            .add_routes(tonic::service::Routes::default())
            .serve_with_incoming(incoming)
            .await;
    });
    runtime
}

/// A figure, printed: ports that open 3 s (where sweeps are thorough, 1 s, 10 s and 30 s) after the wait began.
#[test]
fn a_port_that_opens_is_seen_soon() {
    let is_thorough = std::env::var_os("OPENSHELL_TEST_ALL").is_some_and(|value| !value.is_empty());
    let delays: &[u64] = if is_thorough { &[1, 10, 30] } else { &[3] };
    for (condition, flags) in [("tcp", &[][..]), ("grpc", &["--plaintext"])] {
        for delay in delays {
            let delay = Duration::from_secs(*delay);
            let waits: Vec<_> = (0..5)
                .map(|_| std::thread::spawn(move || latency(condition, flags, delay)))
                .collect();
            let mut found: Vec<_> = waits
                .into_iter()
                .map(|wait| wait.join().expect("a wait"))
                .collect();
            found.sort();
            let (median, attempts) = found[2];
            println!("{condition}, opened after {delay:?}: {median:?} (median of 5) until seen and ended");
            // With pauses that grow, as between attempts at a peer that answers, there would be 8 in the first second and 15 in
            // 30 s; a busy machine makes no more than that in one second.
            let seconds = delay.as_secs();
            assert!(
                seconds == 1 || attempts > 9 + seconds,
                "only {attempts} attempts in {delay:?}"
            );
        }
    }
}

/// A figure, printed: the processor's time of a wait for a port that stays closed.
#[test]
fn waiting_for_nothing_costs_next_to_nothing() {
    let is_thorough = std::env::var_os("OPENSHELL_TEST_ALL").is_some_and(|value| !value.is_empty());
    let seconds = if is_thorough { 60 } else { 3 };
    let address = free_address().to_string();
    for (condition, flags) in [("tcp", &[][..]), ("grpc", &["--plaintext"])] {
        let mut waiting = command(condition, &address, flags);
        waiting.args(["--timeout", &format!("{}s", seconds + 1)]);
        let mut child = waiting
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the tool starts");
        std::thread::sleep(Duration::from_secs(seconds));
        let used = processor_time(child.id());
        let share = 100.0 * used.as_secs_f64() / seconds as f64;
        println!("{condition}: {used:?} in {seconds} s, {share:.2} % of a core");
        child.kill().and_then(|()| child.wait()).expect("the tool ends");
        assert!(share < 5.0, "{condition}: {share:.2} %");
    }
}

/// User and system time of a process (proc(5): fields 14 and 15 of stat, in ticks of 10 ms).
fn processor_time(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("the process runs");
    let behind_name = stat.rsplit(") ").next().expect("fields");
    let fields: Vec<&str> = behind_name.split(' ').collect();
    let ticks: u64 = [fields[11], fields[12]]
        .iter()
        .map(|field| field.parse::<u64>().expect("a number"))
        .sum();
    Duration::from_millis(ticks * 10)
}
