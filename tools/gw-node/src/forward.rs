//! The verb `forward`: a port of this machine leads to the server's Service, through the Kubernetes API, for as long as the verb runs.

mod news;

use std::io::{Error, ErrorKind};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use contract::{Answer, Console, Context, Failure};
use gateway_names::GatewayName;
use gw_node::report::Report;
use k8s_openapi::api::core::v1::Service;
use kube_session::Session;
use rustix::io::Errno;
use service_forward::{ServiceStream, Target};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::flags::ForwardFlags;
use crate::reach::Reach;
use crate::reasons::{FORWARD_FAILED, NO_SERVICE, PORT_TAKEN, SERVICE_INVALID};
use news::News;

/// Only this machine is led to the server.
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// How long the API server may take to open a stream.
const OPEN_LIMIT: Duration = Duration::from_secs(10);
/// How long the last word of a stream may take that takes no more bytes.
const LAST_WORD: Duration = Duration::from_secs(1);
/// How long a client that says no more is still answered: the server is not told that it ended, as the protocol has no half-closed state.
const LAST_ANSWER: Duration = Duration::from_secs(10);
/// How long nothing is accepted after a connection could not be.
const AGAIN: Duration = Duration::from_millis(100);
/// What is read at once of a server's first answer.
const FIRST_ANSWER: usize = 8192;

/// Listens before it asks the API server, and says so once the Service is known to be there.
pub async fn run(flags: &ForwardFlags, context: Context<Report>) -> Result<Answer, Failure> {
    let reach = Reach::begin(&context).await?;
    let usual = || Target::first_port_of(&reach.place.service);
    let target = flags.service.clone().unwrap_or_else(usual);
    context
        .report
        .update(|report| report.service = Some(target.to_string()));
    if context.common.dry_run {
        require_service(&reach, &target).await?;
        return Ok(Answer::Done);
    }
    let (listener, port) = listen(flags.port.unwrap_or(reach.place.forward_port), &reach.gateway).await?;
    require_service(&reach, &target).await?;
    let address = format!("{ADDRESS}:{port}");
    context.console.progress(&format!(
        "gateway {} is reached on {address} until Ctrl-C",
        reach.gateway
    ));
    context
        .report
        .update(|report| report.forward_address = Some(address));
    context.lasts_from_now_on();
    let forward = Arc::new(Forward {
        session: reach.session,
        target,
        news: News::default(),
        console: Arc::clone(&context.console),
    });
    forward.serve(&listener).await.map(|()| Answer::Done)
}

async fn listen(port: u16, gateway: &GatewayName) -> Result<(TcpListener, u16), Failure> {
    let bound = TcpListener::bind((ADDRESS, port)).await;
    let bound = bound.and_then(|listener| Ok((listener.local_addr()?.port(), listener)));
    let (own, listener) = bound.map_err(|error| {
        let reason = match error.kind() {
            ErrorKind::AddrInUse => PORT_TAKEN,
            _ => FORWARD_FAILED,
        };
        reason.failure(
            format!("cannot listen on port {port} of {ADDRESS}: {error}"),
            // Clients go to the port that is kept.
            match contract::typed_by_driver(&format!("start --gateway {gateway} --port N")) {
                Some(start) => format!("choose another port: {start}, then forward again"),
                None => format!(
                    "choose another port: {}",
                    contract::typed("gw-node forward --port N")
                ),
            },
        )
    })?;
    Ok((listener, own))
}

/// A Service that no stream can lead through is told before anybody connects. Its pods may come later.
async fn require_service(reach: &Reach, target: &Target) -> Result<(), Failure> {
    let (name, namespace) = (&target.service, &reach.session.namespace);
    let hint = || {
        let names = contract::typed("gw-node forward --service NAME");
        format!("{} get services; then {names}", reach.kubectl())
    };
    let services = reach.session.namespaced::<Service>();
    let Some(service) = reach.session.get(&services, name).await? else {
        let message = format!("there is no service {name} in namespace {namespace}");
        return Err(NO_SERVICE.failure(message, hint()));
    };
    service_forward::check(&service, target).map_err(|missing| {
        let why = service_forward::Unopened::from(missing);
        SERVICE_INVALID.failure(format!("service {target} leads to no pod: {why}"), hint())
    })
}

/// What every connection is led by.
struct Forward {
    session: Session,
    target: Target,
    news: News,
    console: Arc<Console>,
}

impl Forward {
    /// Until the listener fails.
    async fn serve(self: &Arc<Self>, listener: &TcpListener) -> Result<(), Failure> {
        loop {
            let near = match listener.accept().await {
                Ok((near, _)) => near,
                // A client that is gone again, or as many connections as this process may have: the others go on.
                Err(error) if is_passing(&error) => {
                    self.tell(Some(format!("cannot take a further connection: {error}")));
                    tokio::time::sleep(AGAIN).await;
                    continue;
                }
                Err(error) => {
                    return Err(FORWARD_FAILED.failure(
                        format!("cannot take a further connection: {error}"),
                        "run the command again",
                    ));
                }
            };
            let forward = Arc::clone(self);
            tokio::spawn(async move {
                if let Err(cause) = forward.lead(near).await {
                    forward.tell(Some(cause));
                }
            });
        }
    }

    /// Leads one connection to a pod. The error says why the server was not reached.
    async fn lead(&self, near: TcpStream) -> Result<(), String> {
        let opened = tokio::time::timeout(OPEN_LIMIT, service_forward::open(&self.session, &self.target));
        let far = opened
            .await
            .map_err(|_| "the API server opens no stream".to_owned())?
            .map_err(|unopened| unopened.to_string())?;
        let _ = near.set_nodelay(true);
        join(near, far, || self.tell(None))
            .await
            .map_err(|error| error.to_string())
    }

    /// Says it if it is news. `None`: the server answers.
    fn tell(&self, cause: Option<String>) {
        let service = &self.target.service;
        match self.news.of(cause) {
            None => {}
            Some(None) => self
                .console
                .progress(&format!("service {service} is reached again")),
            Some(Some(cause)) => self.console.warning(&format!(
                "service {service} is not reached: {cause}; the next connection is tried anew"
            )),
        }
    }
}

fn is_passing(error: &Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE | Errno::CONNABORTED | Errno::INTR)
    )
}

/// Until the server ends, or the client has ended and had its last answer. `answered` is called at the server's first byte; an error before it says that the server was not reached.
async fn join(mut near: TcpStream, far: ServiceStream, answered: impl FnOnce()) -> Result<(), Error> {
    let (mut from_far, mut to_far) = tokio::io::split(far);
    let (mut from_near, mut to_near) = near.split();
    let answers = async {
        let mut first = [0; FIRST_ANSWER];
        let count = from_far.read(&mut first).await?;
        if count == 0 {
            return Err(Error::other("it closes the connection without an answer"));
        }
        answered();
        // What ends the connection from here on is no news of the server.
        if to_near.write_all(&first[..count]).await.is_ok() {
            let _ = tokio::io::copy(&mut from_far, &mut to_near).await;
        }
        Ok(())
    };
    tokio::pin!(answers);
    let patience = tokio::select! {
        sent = tokio::io::copy(&mut from_near, &mut to_far) => sent.map_or(LAST_WORD, |_| LAST_ANSWER),
        ended = &mut answers => return ended,
    };
    tokio::time::timeout(patience, answers).await.unwrap_or(Ok(()))
}
