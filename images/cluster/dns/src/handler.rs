//! The server: takes questions over UDP and TCP, and sends what is answered to them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use hickory_server::Server;
use hickory_server::net::runtime::Time;
use hickory_server::proto::op::{Edns, Header, HeaderCounts, Message, Metadata, OpCode, Query, ResponseCode};
use hickory_server::proto::rr::{DNSClass, Record, RecordType};
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponseBuilder;
use tokio::net::{TcpListener, UdpSocket};

use crate::answer::{Answer, Authority};
use crate::forward::{PAYLOAD, Servers};
use crate::names::Zones;
use crate::zone::{TTL, soa};

/// A connection over which nothing is asked for so long is closed.
const IDLE: Duration = Duration::from_secs(10);
/// Answers of one connection that wait to be sent.
const BUFFERED: usize = 16;

/// Serves until the sockets fail, which they do not.
pub async fn serve(
    listen: SocketAddr,
    authority: Authority,
    zones: Zones,
    servers: Servers,
) -> anyhow::Result<()> {
    let cannot = || format!("cannot listen on {listen}");
    let tcp = TcpListener::bind(listen).await.with_context(cannot)?;
    // Where the port was left to the system, both have the same one.
    let udp = UdpSocket::bind(tcp.local_addr()?).await.with_context(cannot)?;
    eprintln!("cluster-dns: listening on {}", tcp.local_addr()?);
    let mut server = Server::new(Handler {
        authority,
        zones,
        servers,
    });
    server.register_socket(udp);
    server.register_listener(tcp, IDLE, BUFFERED);
    Ok(server.block_until_done().await?)
}

struct Handler {
    authority: Authority,
    zones: Zones,
    servers: Servers,
}

/// The parts of a response that the question does not give.
struct Reply {
    code: ResponseCode,
    authoritative: bool,
    answers: Vec<Record>,
    authorities: Vec<Record>,
    additionals: Vec<Record>,
}

impl Reply {
    fn empty(code: ResponseCode) -> Self {
        Self {
            code,
            authoritative: false,
            answers: Vec::new(),
            authorities: Vec::new(),
            additionals: Vec::new(),
        }
    }

    fn forwarded(answer: Option<Message>) -> Self {
        let Some(answer) = answer else {
            return Self::empty(ResponseCode::ServFail);
        };
        Self {
            code: answer.metadata.response_code,
            authoritative: false,
            answers: answer.answers,
            authorities: answer.authorities,
            additionals: answer.additionals,
        }
    }
}

impl Handler {
    async fn reply(&self, request: &Request) -> Reply {
        if request.metadata.op_code != OpCode::Query {
            return Reply::empty(ResponseCode::NotImp);
        }
        let [question] = request.queries.queries() else {
            return Reply::empty(ResponseCode::FormErr);
        };
        if request.edns.as_ref().is_some_and(|edns| edns.version() > 0) {
            return Reply::empty(ResponseCode::BADVERS);
        }
        let question = question.original();
        let is_transfer = matches!(question.query_type(), RecordType::AXFR | RecordType::IXFR);
        if question.query_class() != DNSClass::IN || is_transfer {
            return Reply::empty(ResponseCode::Refused);
        }
        let name = question.name();
        let zone = self.zones.borrow().as_ref().map(Arc::clone);
        let answer = match zone {
            Some(zone) => self.authority.answer(&zone, name, question.query_type()),
            None if self.authority.covers(name) => return Reply::empty(ResponseCode::ServFail),
            None => None,
        };
        match answer {
            Some(answer) => self.own(question, answer, request).await,
            None => Reply::forwarded(self.ask(question, request).await),
        }
    }

    async fn own(&self, question: &Query, answer: Answer, request: &Request) -> Reply {
        let mut reply = match answer {
            Answer::Records { answers, additionals } => Reply {
                answers: rotated(answers, request.metadata.id),
                additionals,
                ..Reply::empty(ResponseCode::NoError)
            },
            Answer::NoName { answers } => Reply {
                answers,
                ..Reply::empty(ResponseCode::NXDomain)
            },
            Answer::Elsewhere { mut answers, target } => {
                let query = Query::query(target, question.query_type());
                let mut reply = Reply::forwarded(self.ask(&query, request).await);
                answers.append(&mut reply.answers);
                return Reply { answers, ..reply };
            }
        };
        reply.authoritative = true;
        let domain = &self.authority.domain;
        if reply.answers.is_empty() && domain.zone_of(question.name()) {
            reply.authorities = vec![Record::from_rdata(domain.clone(), TTL, soa(domain))];
        }
        reply
    }

    async fn ask(&self, query: &Query, request: &Request) -> Option<Message> {
        self.servers
            .ask(query, request.edns.as_ref(), request.metadata.checking_disabled)
            .await
    }
}

/// The same answers, begun elsewhere for each question, so that clients that take the first do not all take the same.
fn rotated(mut answers: Vec<Record>, id: u16) -> Vec<Record> {
    let all_addresses = answers
        .iter()
        .all(|record| matches!(record.record_type(), RecordType::A | RecordType::AAAA));
    if all_addresses && !answers.is_empty() {
        let begin = usize::from(id) % answers.len();
        answers.rotate_left(begin);
    }
    answers
}

#[async_trait::async_trait]
impl RequestHandler for Handler {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        mut response_handle: R,
    ) -> ResponseInfo {
        let reply = self.reply(request).await;
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.response_code = reply.code;
        metadata.authoritative = reply.authoritative;
        metadata.recursion_available = true;
        let edns = request.edns.as_ref().map(|asked| {
            let mut edns = Edns::new();
            edns.set_max_payload(asked.max_payload().clamp(512, PAYLOAD))
                .set_dnssec_ok(asked.flags().dnssec_ok)
                .set_rcode_high(reply.code.high());
            edns
        });
        let response = MessageResponseBuilder::new(&request.queries, edns.as_ref()).build(
            metadata,
            &reply.answers,
            &reply.authorities,
            &[],
            &reply.additionals,
        );
        // A client that hung up has no use for it.
        response_handle.send_response(response).await.unwrap_or_else(|_| {
            ResponseInfo::from(Header {
                metadata,
                counts: HeaderCounts::default(),
            })
        })
    }
}
