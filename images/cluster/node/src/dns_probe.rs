//! Does the node's DNS server answer?

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::net::UdpSocket;

use crate::layout;

/// The address of `kubernetes.default.svc.cluster.local`, asked for as RFC 1035 has it. Every cluster has this Service.
const QUESTION: &[u8] = b"\x05\x3a\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\
    \x0akubernetes\x07default\x03svc\x07cluster\x05local\x00\x00\x01\x00\x01";
const PATIENCE: Duration = Duration::from_secs(2);

/// What came of a question to the node's DNS server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dns {
    /// The node has no DNS server of its own: its address is not the node's then.
    NotHere,
    /// It knows the cluster's names.
    Answers,
    /// It gives no answer, or an error.
    Silent,
}

/// Asks it once.
pub async fn ask() -> Dns {
    let Ok(address) = layout::DNS_SERVICE.parse::<Ipv4Addr>() else {
        return Dns::NotHere;
    };
    let Ok(socket) = UdpSocket::bind((address, 0)).await else {
        return Dns::NotHere;
    };
    let asked = async {
        socket.connect((address, 53)).await?;
        socket.send(QUESTION).await?;
        let mut answer = [0; 512];
        let length = socket.recv(&mut answer).await?;
        std::io::Result::Ok(is_answer(&answer[..length]))
    };
    let answered = tokio::time::timeout(PATIENCE, asked).await;
    match answered {
        Ok(Ok(true)) => Dns::Answers,
        _ => Dns::Silent,
    }
}

/// A response to the question, without an error and with an answer.
fn is_answer(message: &[u8]) -> bool {
    let Some((header, _)) = message.split_first_chunk::<12>() else {
        return false;
    };
    let (same_id, is_response) = (header[..2] == QUESTION[..2], header[2] & 0x80 != 0);
    let (no_error, some_answer) = (header[3] & 0x0f == 0, header[6..8] != [0, 0]);
    same_id && is_response && no_error && some_answer
}

#[cfg(test)]
mod tests {
    use super::{QUESTION, is_answer};

    #[test]
    fn only_an_answer_without_an_error_counts() {
        let answer = |flags: [u8; 2], answers: u8| {
            let mut message = QUESTION.to_vec();
            message[2..4].copy_from_slice(&flags);
            message[7] = answers;
            message
        };
        assert!(is_answer(&answer([0x85, 0x80], 1)));
        assert!(!is_answer(&answer([0x81, 0x82], 0)), "SERVFAIL");
        assert!(!is_answer(&answer([0x85, 0x80], 0)), "no address");
        assert!(!is_answer(QUESTION), "the question itself");
        assert!(!is_answer(b"\x05\x3a\x85"), "cut off");
    }
}
