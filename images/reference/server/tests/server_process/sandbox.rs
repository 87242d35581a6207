//! A stand-in for a sandbox's program, on a loopback address of its own: a gateway reaches sandboxes at one port.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use nssh1::Verifier;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// An address that nobody else uses.
pub fn address() -> Ipv4Addr {
    let [a, b, c] = rand::random::<[u8; 3]>();
    Ipv4Addr::new(127, a.max(1), b, c.clamp(1, 254))
}

/// Serves at `address`; `before_answer` runs at each handshake, before its answer.
pub async fn serve(address: Ipv4Addr, secret: &str, before_answer: impl Fn() + Send + Sync + 'static) {
    let listener = TcpListener::bind((address, nssh1::PORT)).await.expect("listen");
    let verifier = Arc::new(Mutex::new(Verifier::new(
        secret.parse().unwrap(),
        nssh1::DEFAULT_SKEW_SECONDS,
    )));
    let before_answer = Arc::new(before_answer);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (verifier, before_answer) = (verifier.clone(), before_answer.clone());
            tokio::spawn(async move { attend(stream, &verifier, &*before_answer).await });
        }
    });
}

async fn attend(
    stream: TcpStream,
    verifier: &Mutex<Verifier>,
    before_answer: &(impl Fn() + Sync),
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let taken = verifier.lock().unwrap().verify(line.as_bytes(), now).is_ok();
    before_answer();
    if !taken {
        return stream.write_all(nssh1::REFUSED.as_bytes()).await;
    }
    stream.write_all(nssh1::ACCEPTED.as_bytes()).await?;
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        stream.write_all(line.as_bytes()).await?;
    }
}
