//! The verb `tunnel`: a port of this host leads to the gateway's API, through ssh where Docker is on another machine, for as
//! long as the verb runs.

use std::path::PathBuf;
use std::sync::Arc;

use api_access::{API_BIND, api_of, local_port, read_kubeconfig, unreachable, write_kubeconfig};
use contract::{Answer, Context, Failure};
use docker_session::DockerHost;
use gateway_work::{Access, Work};
use gw_node::report::Report;
use tokio::net::{TcpListener, TcpStream};

use crate::describe::show;
use crate::exec;
use crate::flags::TunnelFlags;
use crate::reasons::{TUNNEL_FAILED, TUNNEL_PORT_TAKEN};

/// Listens first, and then writes the kubeconfig: whoever finds it finds the port.
pub async fn run(flags: &TunnelFlags, context: Context<Report>) -> Result<Answer, Failure> {
    let (work, facts) = Work::begin(&context, "tunnel", Access::Reading).await?;
    let container = exec::running(&work, &facts)?;
    show(&context.report, &work, container);
    let leads = !matches!(work.session.host(), DockerHost::Tcp(_) | DockerHost::Tls(..));
    let api = api_of(container).filter(|_| leads);
    let (host, port) = api.ok_or_else(|| unreachable(container))?;
    if work.dry_run {
        return Ok(Answer::Done);
    }
    let wanted = match flags.file {
        Some(_) => 0,
        None => local_port(&work, port)?,
    };
    let (listener, own) = listen(wanted).await?;
    let server = format!("https://{API_BIND}:{own}");
    let text = read_kubeconfig(&work, container, &server).await?;
    let path = flags
        .file
        .as_ref()
        .map_or_else(|| work.folder.kubeconfig(), PathBuf::from);
    context.report.update(|report| {
        report.api_endpoint = Some(server.clone());
        report.kubeconfig = Some(path.display().to_string());
    });
    write_kubeconfig(&work.record, &path, &text)?;
    work.console.progress(&format!(
        "the API of gateway {} is at {server} until this command ends",
        work.gateway
    ));
    context.lasts_from_now_on();
    tokio::select! {
        ended = pass_on(&work, &listener, &host, port) => ended.map(|()| Answer::Done),
        () = end_of_input(), if flags.until_eof => Ok(Answer::Done),
    }
}

async fn listen(port: u16) -> Result<(TcpListener, u16), Failure> {
    let bound = TcpListener::bind((API_BIND, port)).await;
    let bound = bound.and_then(|listener| Ok((listener.local_addr()?.port(), listener)));
    let (own, listener) = bound.map_err(|error| {
        TUNNEL_PORT_TAKEN.failure(
            format!("cannot listen on port {port} of {API_BIND}, which the kubeconfig names: {error}"),
            "end what has the port; or have a kubeconfig with a port of its own: --file FILE",
        )
    })?;
    Ok((listener, own))
}

async fn pass_on(work: &Work, listener: &TcpListener, host: &str, port: u16) -> Result<(), Failure> {
    loop {
        let (near, _) = listener.accept().await.map_err(|error| {
            TUNNEL_FAILED.failure(
                format!("cannot take a further connection: {error}"),
                "run the command again",
            )
        })?;
        let (session, console, host) = (work.session.clone(), Arc::clone(&work.console), host.to_owned());
        tokio::spawn(async move {
            let joined = async {
                let far = session.dial_port(&host, port).await?;
                join(near, far).await
            };
            if let Err(error) = joined.await {
                let cause = session.complaint().await.unwrap_or_else(|| error.to_string());
                console.warning(&format!(
                    "no connection to port {port} of Docker's machine: {cause}"
                ));
            }
        });
    }
}

/// Until one side ends: an ssh that only its own end of input would end is not left behind.
async fn join(mut near: TcpStream, far: Box<dyn docker_session::Stream>) -> Result<(), std::io::Error> {
    let (mut from_far, mut to_far) = tokio::io::split(far);
    let (mut from_near, mut to_near) = near.split();
    tokio::select! {
        ended = tokio::io::copy(&mut from_near, &mut to_far) => {
            // A client that went away is no failure.
            let _ = ended;
            Ok(())
        }
        ended = tokio::io::copy(&mut from_far, &mut to_near) => match ended {
            Ok(0) => Err(std::io::Error::other("it ended without an answer")),
            ended => ended.map(drop),
        },
    }
}

async fn end_of_input() {
    // An input that cannot be read has ended, too.
    let _ = tokio::io::copy(&mut tokio::io::stdin(), &mut tokio::io::sink()).await;
}
