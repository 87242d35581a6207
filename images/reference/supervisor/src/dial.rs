//! The session with the server: dialled again and again, with certificates that are read anew each time.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use reference_base::api::gateway_message::Payload;
use reference_base::api::open_shell_client::OpenShellClient;
use reference_base::api::supervisor_message::Payload as Said;
use reference_base::api::{SupervisorHeartbeat, SupervisorHello, SupervisorMessage};
use reference_base::streams::Received;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use crate::relay;
use crate::settings::Server;

/// How long a connection may take.
const CONNECT_TIME: Duration = Duration::from_secs(3);
/// How long the server may be silent if it does not say how often it speaks.
const SILENCE: Duration = Duration::from_secs(6);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// A new connection.
pub async fn connect(server: &Server) -> anyhow::Result<OpenShellClient<Channel>> {
    let mut endpoint = Endpoint::from_shared(server.endpoint.clone())
        .with_context(|| format!("{} is not an endpoint", server.endpoint))?
        .connect_timeout(CONNECT_TIME);
    if let Some(files) = &server.tls {
        let file =
            |path: &Path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(file(&files.ca)?))
            .identity(Identity::from_pem(file(&files.certificate)?, file(&files.key)?));
        endpoint = endpoint.tls_config(tls)?;
    }
    let channel = timeout(CONNECT_TIME, endpoint.connect())
        .await
        .context("no answer")??;
    Ok(OpenShellClient::new(channel))
}

/// Keeps a session. It returns only if there never was one in the time that is given: then the sandbox gives up.
pub async fn keep(server: &Server, data: &Path) -> anyhow::Error {
    let begun = Instant::now();
    let mut had_one = false;
    loop {
        let ended = session(server, data, &mut had_one).await;
        let cause = ended
            .err()
            .unwrap_or_else(|| anyhow::anyhow!("the server ended the session"));
        eprintln!(
            "openshell-sandbox: no session: {}",
            error_words::explain(cause.as_ref())
        );
        if !had_one && begun.elapsed() >= server.first_session {
            return cause.context(format!("no server in {} s", server.first_session.as_secs()));
        }
        sleep(PAUSE).await;
    }
}

/// One session, until it ends.
async fn session(server: &Server, data: &Path, had_one: &mut bool) -> anyhow::Result<()> {
    let mut client = connect(server).await?;
    let (said, outgoing) = mpsc::channel(16);
    let hello = SupervisorHello {
        sandbox_id: server.sandbox_id.clone(),
        instance_id: server.instance_id.clone(),
    };
    said.send(message(Said::Hello(hello))).await?;
    let answer = timeout(SILENCE, client.connect_supervisor(Received(outgoing)));
    let mut incoming = answer.await.context("no answer")??.into_inner();
    loop {
        let heard = timeout(SILENCE, incoming.message())
            .await
            .context("the server is silent")??;
        let Some(heard) = heard else {
            return Ok(());
        };
        match heard.payload {
            Some(Payload::SessionAccepted(_)) => {
                eprintln!("openshell-sandbox: connected to {}", server.endpoint);
                *had_one = true;
            }
            Some(Payload::SessionRejected(rejected)) => bail!("rejected: {}", rejected.reason),
            Some(Payload::Heartbeat(_)) => {
                said.send(message(Said::Heartbeat(SupervisorHeartbeat {})))
                    .await?
            }
            Some(Payload::RelayOpen(open)) => {
                tokio::spawn(relay::serve(client.clone(), open.channel_id, data.to_owned()));
            }
            None => {}
        }
    }
}

fn message(payload: Said) -> SupervisorMessage {
    SupervisorMessage {
        payload: Some(payload),
    }
}
