//! Asks the node's own name servers.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use hickory_server::net::NetError;
use hickory_server::net::runtime::TokioRuntimeProvider;
use hickory_server::net::tcp::TcpClientStream;
use hickory_server::net::udp::UdpClientStream;
use hickory_server::net::xfer::{DnsHandle, DnsRequestSender, FirstAnswer};
use hickory_server::proto::op::{DnsRequest, DnsRequestOptions, Edns, Message, Query, ResponseCode};

/// How long one name server may take. A client's resolver asks again after five seconds: by then two servers were asked.
const PATIENCE: Duration = Duration::from_secs(2);
/// The largest answer over UDP that needs no fragments on any usual network.
pub const PAYLOAD: u16 = 1232;
const DNS_PORT: u16 = 53;

/// The name servers that other names are asked of.
#[derive(Debug)]
pub struct Servers {
    fixed: Vec<SocketAddr>,
    file: PathBuf,
    own: SocketAddr,
}

impl Servers {
    /// `fixed` where there are any, else those that the file names, without `own`: this server must not ask itself.
    pub fn new(fixed: Vec<SocketAddr>, file: PathBuf, own: SocketAddr) -> Self {
        Self { fixed, file, own }
    }

    /// The name servers of this moment. The file is read anew, because Docker writes it when a network is attached.
    fn now(&self) -> Vec<SocketAddr> {
        let mut servers = if self.fixed.is_empty() {
            named_in(&self.file)
        } else {
            self.fixed.clone()
        };
        servers.retain(|server| *server != self.own);
        servers
    }

    /// Asks one server after the other, until one has an answer of its own; `None` where none says anything.
    pub async fn ask(&self, query: &Query, edns: Option<&Edns>, checking_disabled: bool) -> Option<Message> {
        let mut request = Message::query();
        request.metadata.recursion_desired = true;
        request.metadata.checking_disabled = checking_disabled;
        request.add_query(query.clone());
        if let Some(asked) = edns {
            let mut edns = Edns::new();
            edns.set_max_payload(PAYLOAD)
                .set_dnssec_ok(asked.flags().dnssec_ok);
            request.set_edns(edns);
        }
        let mut last = None;
        for server in self.now() {
            if let Ok(answer) = ask_one(server, &request).await {
                let failed = matches!(
                    answer.metadata.response_code,
                    ResponseCode::ServFail | ResponseCode::Refused | ResponseCode::NotImp
                );
                last = Some(answer);
                if !failed {
                    break;
                }
            }
        }
        last
    }
}

/// Asks over UDP, and again over TCP where the answer did not fit.
async fn ask_one(server: SocketAddr, request: &Message) -> Result<Message, NetError> {
    let question = || DnsRequest::new(request.clone(), DnsRequestOptions::default());
    let provider = TokioRuntimeProvider::new();
    let mut udp = UdpClientStream::builder(server, provider.clone())
        .with_timeout(Some(PATIENCE))
        .build();
    let answer = udp.send_message(question()).first_answer().await?.into_message();
    if !answer.metadata.truncation {
        return Ok(answer);
    }
    let whole = async {
        let tcp = TcpClientStream::exchange(server, None, PATIENCE, None, provider).await?;
        tcp.send(question()).first_answer().await
    };
    // A part of the answer is better than none: it says of itself that it is one.
    Ok(whole
        .await
        .map_or(answer, hickory_server::proto::op::DnsResponse::into_message))
}

fn named_in(file: &Path) -> Vec<SocketAddr> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    nameservers(&text)
        .into_iter()
        .map(|address| SocketAddr::new(address, DNS_PORT))
        .collect()
}

/// The `nameserver` lines of resolv.conf(5).
fn nameservers(text: &str) -> Vec<IpAddr> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            (words.next()? == "nameserver").then(|| words.next()?.parse().ok())?
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Servers, nameservers};
    use std::io::Write;
    use std::net::IpAddr;

    #[test]
    fn the_file_names_the_servers() {
        let text = "# nameserver 1.1.1.1\nsearch a b\n nameserver 127.0.0.11 # Docker's\nnameserver fd00::1\nnameserver nonsense\n\
                    options ndots:0\nnameservers 2.2.2.2\n";
        let expected: [IpAddr; 2] = ["127.0.0.11", "fd00::1"].map(|address| address.parse().unwrap());
        assert_eq!(nameservers(text), expected);
    }

    #[test]
    fn the_file_is_read_anew_and_this_server_does_not_ask_itself() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let own = "10.43.0.10:53".parse().unwrap();
        let servers = Servers::new(Vec::new(), file.path().to_owned(), own);
        writeln!(file, "nameserver 10.43.0.10\nnameserver 127.0.0.11").unwrap();
        assert_eq!(servers.now(), ["127.0.0.11:53".parse().unwrap()]);
        writeln!(file, "nameserver 9.9.9.9").unwrap();
        assert_eq!(servers.now().len(), 2);
        let fixed = vec!["127.0.0.1:5353".parse().unwrap()];
        let servers = Servers::new(fixed.clone(), file.path().to_owned(), own);
        assert_eq!(servers.now(), fixed);
    }
}
