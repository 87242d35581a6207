//! The program itself, over UDP and TCP, with an API server and a name server that tests play.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cluster_fixture::{FakeApi, Fault, FaultProxy, When};
use hickory_server::proto::op::{Edns, Message, MessageType, Query, ResponseCode};
use hickory_server::proto::rr::rdata::{A, TXT};
use hickory_server::proto::rr::{Name, RData, Record, RecordType};
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(20);

/// The running program. Dropping it ends it.
struct Dns {
    child: Child,
    address: SocketAddr,
}

impl Dns {
    fn start(kubeconfig: &Path, forward: &[SocketAddr]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cluster-dns"));
        command.arg("--kubeconfig").arg(kubeconfig);
        command.args(["--listen", "127.0.0.1:0", "--own-network", "10.43.0.0/16"]);
        for server in forward {
            command.arg("--forward").arg(server.to_string());
        }
        let mut child = command.stderr(Stdio::piped()).spawn().expect("cluster-dns");
        let mut lines = BufReader::new(child.stderr.take().expect("standard error")).lines();
        let address = loop {
            let line = lines.next().expect("it listens").expect("a line");
            if let Some(address) = line.strip_prefix("cluster-dns: listening on ") {
                break address.parse().expect("an address");
            }
        };
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    fn ask(&self, name: &str, record_type: RecordType) -> Message {
        self.ask_with(&question(name, record_type))
    }

    fn ask_with(&self, question: &Message) -> Message {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.send_to(&question.to_vec().unwrap(), self.address).unwrap();
        let mut buffer = [0; 4096];
        let length = socket.recv(&mut buffer).expect("an answer");
        Message::from_vec(&buffer[..length]).unwrap()
    }

    fn ask_over_tcp(&self, question: &Message) -> Message {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        send_framed(&mut stream, question);
        receive_framed(&mut stream)
    }

    /// Asks until the code is another one than SERVFAIL.
    fn ask_until_known(&self, name: &str) -> Message {
        let end = Instant::now() + PATIENCE;
        loop {
            let answer = self.ask(name, RecordType::A);
            if answer.metadata.response_code != ResponseCode::ServFail {
                return answer;
            }
            assert!(Instant::now() < end, "{name} stays unknown");
        }
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn question(name: &str, record_type: RecordType) -> Message {
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), record_type));
    message
}

fn send_framed(stream: &mut TcpStream, message: &Message) {
    let bytes = message.to_vec().unwrap();
    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length[..], &bytes].concat()).unwrap();
}

fn receive_framed(stream: &mut TcpStream) -> Message {
    let mut length = [0; 2];
    stream.read_exact(&mut length).expect("a length");
    let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut bytes).expect("a message");
    Message::from_vec(&bytes).unwrap()
}

fn texts(message: &Message) -> Vec<String> {
    message
        .answers
        .iter()
        .map(|record| record.data.to_string())
        .collect()
}

/// A name server that answers each question by `answer`, over UDP and TCP on one port, until the test ends.
fn name_server(answer: fn(&Message, bool) -> Message) -> SocketAddr {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = tcp.local_addr().unwrap();
    let udp = UdpSocket::bind(address).unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok((length, client)) = udp.recv_from(&mut buffer) {
            let question = Message::from_vec(&buffer[..length]).unwrap();
            let _ = udp.send_to(&answer(&question, false).to_vec().unwrap(), client);
        }
    });
    std::thread::spawn(move || {
        for mut stream in tcp.incoming().flatten() {
            let question = receive_framed(&mut stream);
            send_framed(&mut stream, &answer(&question, true));
        }
    });
    address
}

fn response(question: &Message, code: ResponseCode) -> Message {
    let mut message = question.clone();
    message.metadata.message_type = MessageType::Response;
    message.metadata.response_code = code;
    message
}

fn knows_all(question: &Message, over_tcp: bool) -> Message {
    let mut message = response(question, ResponseCode::NoError);
    let name = message.queries[0].name().clone();
    match message.queries[0].query_type() {
        // Too long for UDP.
        RecordType::TXT if !over_tcp => message.metadata.truncation = true,
        RecordType::TXT => {
            let text = TXT::new(vec!["x".repeat(200); 10]);
            message.add_answer(Record::from_rdata(name, 60, RData::TXT(text)));
        }
        RecordType::A => {
            message.add_answer(Record::from_rdata(name, 60, RData::A(A::new(192, 0, 2, 1))));
        }
        _ => {}
    }
    message
}

fn refuses(question: &Message, _: bool) -> Message {
    response(question, ResponseCode::Refused)
}

fn knows_none(question: &Message, _: bool) -> Message {
    response(question, ResponseCode::NXDomain)
}

fn put_service(api: &FakeApi, name: &str, spec: serde_json::Value) {
    let object = json!({"metadata": {"name": name, "namespace": "ns"}, "spec": spec});
    api.put(&format!("/api/v1/services/{name}"), object);
}

fn put_endpoints(api: &FakeApi, name: &str, count: u8) {
    let addresses: Vec<_> = (1..=count)
        .map(|last| json!({"ip": format!("10.42.0.{last}")}))
        .collect();
    let object =
        json!({"metadata": {"name": name, "namespace": "ns"}, "subsets": [{"addresses": addresses}]});
    api.put(&format!("/api/v1/endpoints/{name}"), object);
}

#[test]
fn what_is_not_known_yet_is_not_said_to_be_absent() {
    let api = FakeApi::start();
    put_service(&api, "web", json!({"clusterIP": "10.43.1.2"}));
    put_endpoints(&api, "web", 1);
    let proxy = FaultProxy::before(api.kubeconfig());
    proxy.inject(Fault::Status(503), When::From(1));
    let dns = Dns::start(proxy.kubeconfig(), &[name_server(knows_all)]);
    let code = |name: &str| dns.ask(name, RecordType::A).metadata.response_code;
    // Neither list was answered, then one of both.
    assert_eq!(code("web.ns.svc.cluster.local."), ResponseCode::ServFail);
    assert_eq!(code("1.0.43.10.in-addr.arpa."), ResponseCode::ServFail);
    proxy.inject(Fault::Status(503), When::OnPath("/endpoints"));
    assert!(proxy.wait_answered(1, PATIENCE), "Services are listed");
    assert_eq!(code("web.ns.svc.cluster.local."), ResponseCode::ServFail);
    // Other names do not wait for the cluster.
    assert_eq!(texts(&dns.ask("example.org.", RecordType::A)), ["192.0.2.1"]);

    proxy.heal();
    let answer = dns.ask_until_known("web.ns.svc.cluster.local.");
    assert_eq!(texts(&answer), ["10.43.1.2"]);
    assert!(answer.metadata.authoritative && answer.metadata.recursion_available);
    assert!(answer.answers[0].ttl <= 30, "pods come and go");
    assert_eq!(code("absent.ns.svc.cluster.local."), ResponseCode::NXDomain);

    // What was seen last is served without the API server, too.
    drop(proxy);
    assert_eq!(
        texts(&dns.ask("web.ns.svc.cluster.local.", RecordType::A)),
        ["10.43.1.2"]
    );
    assert_eq!(texts(&dns.ask("example.org.", RecordType::A)), ["192.0.2.1"]);
}

#[test]
fn negative_answers_say_how_long_they_hold() {
    let api = FakeApi::start();
    put_service(&api, "web", json!({"clusterIP": "10.43.1.2"}));
    put_endpoints(&api, "web", 1);
    let dns = Dns::start(api.kubeconfig(), &[]);
    dns.ask_until_known("web.ns.svc.cluster.local.");
    let table = [
        (
            "web.ns.svc.cluster.local.",
            RecordType::AAAA,
            ResponseCode::NoError,
        ),
        (
            "absent.ns.svc.cluster.local.",
            RecordType::A,
            ResponseCode::NXDomain,
        ),
    ];
    for (name, record_type, code) in table {
        let answer = dns.ask(name, record_type);
        assert_eq!(answer.metadata.response_code, code, "{name}");
        assert!(answer.answers.is_empty(), "{name}");
        let [soa] = answer.authorities.as_slice() else {
            panic!("{answer}")
        };
        assert_eq!(
            (soa.name.to_string().as_str(), soa.record_type()),
            ("cluster.local.", RecordType::SOA)
        );
    }
}

#[test]
fn an_answer_that_does_not_fit_is_whole_over_tcp_and_with_edns() {
    let api = FakeApi::start();
    put_service(&api, "many", json!({"clusterIP": "None"}));
    put_endpoints(&api, "many", 60);
    let dns = Dns::start(api.kubeconfig(), &[]);
    dns.ask_until_known("many.ns.svc.cluster.local.");
    let mut asked = question("many.ns.svc.cluster.local.", RecordType::A);
    assert!(
        dns.ask_with(&asked).metadata.truncation,
        "512 bytes hold no 60 addresses"
    );
    assert_eq!(dns.ask_over_tcp(&asked).answers.len(), 60);
    let mut edns = Edns::new();
    edns.set_max_payload(1232);
    asked.set_edns(edns);
    let answer = dns.ask_with(&asked);
    assert_eq!(answer.answers.len(), 60);
    assert!(!answer.metadata.truncation && answer.edns.is_some());
}

#[test]
fn addresses_take_turns() {
    let api = FakeApi::start();
    put_service(&api, "many", json!({"clusterIP": "None"}));
    put_endpoints(&api, "many", 3);
    let dns = Dns::start(api.kubeconfig(), &[]);
    dns.ask_until_known("many.ns.svc.cluster.local.");
    let mut firsts: Vec<String> = (0..3)
        .map(|id| {
            let mut asked = question("many.ns.svc.cluster.local.", RecordType::A);
            asked.metadata.id = id;
            texts(&dns.ask_with(&asked)).remove(0)
        })
        .collect();
    firsts.sort();
    assert_eq!(firsts, ["10.42.0.1", "10.42.0.2", "10.42.0.3"]);
}

#[test]
fn other_names_are_asked_of_one_server_after_the_other() {
    let api = FakeApi::start();
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let silent = (silent.local_addr().unwrap(), silent);
    let knowing = name_server(knows_all);
    for before in [name_server(refuses), silent.0] {
        let dns = Dns::start(api.kubeconfig(), &[before, knowing]);
        let answer = dns.ask("example.org.", RecordType::A);
        assert_eq!(texts(&answer), ["192.0.2.1"], "behind {before}");
        assert!(!answer.metadata.authoritative);
    }
    // An answer is an answer, and the next server is not asked for a better one.
    let dns = Dns::start(api.kubeconfig(), &[name_server(knows_none), knowing]);
    assert_eq!(
        dns.ask("example.org.", RecordType::A).metadata.response_code,
        ResponseCode::NXDomain
    );
    let dns = Dns::start(api.kubeconfig(), &[name_server(refuses)]);
    assert_eq!(
        dns.ask("example.org.", RecordType::A).metadata.response_code,
        ResponseCode::Refused
    );
    let dns = Dns::start(api.kubeconfig(), &[silent.0]);
    assert_eq!(
        dns.ask("example.org.", RecordType::A).metadata.response_code,
        ResponseCode::ServFail
    );
}

#[test]
fn a_long_answer_is_fetched_over_tcp() {
    let api = FakeApi::start();
    let dns = Dns::start(api.kubeconfig(), &[name_server(knows_all)]);
    let answer = dns.ask_over_tcp(&question("example.org.", RecordType::TXT));
    assert_eq!(answer.answers.len(), 1, "{answer}");
    assert!(!answer.metadata.truncation);
}

#[test]
fn an_alias_that_leads_out_of_the_cluster_is_resolved() {
    let api = FakeApi::start();
    put_service(
        &api,
        "out",
        json!({"type": "ExternalName", "externalName": "example.org"}),
    );
    put_endpoints(&api, "any", 1);
    let dns = Dns::start(api.kubeconfig(), &[name_server(knows_all)]);
    let answer = dns.ask_until_known("out.ns.svc.cluster.local.");
    assert_eq!(texts(&answer), ["example.org.", "192.0.2.1"]);
}

#[test]
fn bad_flags_are_usage() {
    for flags in [
        &["--kubeconfig", "x"][..],
        &["--kubeconfig", "x", "--listen", "nonsense"],
        &[
            "--kubeconfig",
            "x",
            "--listen",
            "127.0.0.1:0",
            "--own-network",
            "10.0.0.0/33",
        ],
    ] {
        let ended = Command::new(env!("CARGO_BIN_EXE_cluster-dns"))
            .args(flags)
            .output()
            .unwrap();
        assert_eq!(ended.status.code(), Some(2), "{flags:?}");
    }
    let ended = Command::new(env!("CARGO_BIN_EXE_cluster-dns"))
        .args(["--kubeconfig", "/nonexistent", "--listen", "127.0.0.1:0"])
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("/nonexistent"));
}
