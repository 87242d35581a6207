//! A stream that the server asked for: one command, what it says, and its exit code.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use prost::Message;
use reference_base::api::exec_sandbox_event::Payload as Event;
use reference_base::api::open_shell_client::OpenShellClient;
use reference_base::api::relay_frame::Payload;
use reference_base::api::{
    ExecSandboxEvent, ExecSandboxExit, ExecSandboxRequest, ExecSandboxStderr, ExecSandboxStdout, RelayFrame,
    RelayInit,
};
use reference_base::streams::Received;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin};
use tokio::sync::mpsc::{self, Sender};
use tokio::task::JoinSet;
use tonic::transport::Channel;

use crate::command;

/// A command that cannot be started, as shells tell it.
const NOT_FOUND: i32 = 127;
/// A command that took too long, as `timeout` tells it.
const TOO_LONG: i32 = 124;

/// Serves one stream until its command ended, or the server closed it.
pub async fn serve(client: OpenShellClient<Channel>, channel_id: String, data: PathBuf) {
    if let Err(error) = answer(client, channel_id, data).await {
        eprintln!("openshell-sandbox: relay: {error:#}");
    }
}

async fn answer(
    mut client: OpenShellClient<Channel>,
    channel_id: String,
    data: PathBuf,
) -> anyhow::Result<()> {
    let (frames, outgoing) = mpsc::channel(16);
    frames
        .send(frame(Payload::Init(RelayInit { channel_id })))
        .await?;
    let mut incoming = client.relay_stream(Received(outgoing)).await?.into_inner();
    let first = incoming.message().await?.and_then(|frame| frame.payload);
    let Some(Payload::Data(request)) = first else {
        anyhow::bail!("the server sent no command");
    };
    let request = ExecSandboxRequest::decode(request.as_slice()).context("the server's command")?;
    let exit_code = tokio::select! {
        code = run(request, data, frames.clone()) => code?,
        // The caller went away: dropping the command ends it.
        _ = incoming.message() => return Ok(()),
    };
    send(frames, Event::Exit(ExecSandboxExit { exit_code })).await?;
    // A stream that is dropped takes with it what was not sent yet: the server ends it.
    let _ = incoming.message().await;
    Ok(())
}

async fn run(request: ExecSandboxRequest, data: PathBuf, frames: Sender<RelayFrame>) -> anyhow::Result<i32> {
    let mut command = command::of(&request.command, &data).context("an empty command")?;
    command
        .envs(&request.environment)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    if !request.workdir.is_empty() {
        command.current_dir(&request.workdir);
    }
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            let text = format!("{}: {error}\n", request.command.join(" "));
            let data = text.into_bytes();
            send(frames, Event::Stderr(ExecSandboxStderr { data })).await?;
            return Ok(NOT_FOUND);
        }
    };
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    // They end with the command, whose streams they hold.
    let mut streams = JoinSet::new();
    streams.spawn(pass_on(stdout, frames.clone(), of_stdout));
    streams.spawn(pass_on(stderr, frames, of_stderr));
    streams.spawn(feed(stdin, request.stdin));
    let limit = request.execution_timeout.as_ref();
    match limit.and_then(|limit| Duration::try_from(*limit).ok()) {
        None => finish(child, streams).await,
        Some(limit) => match tokio::time::timeout(limit, finish(child, streams)).await {
            Ok(finished) => finished,
            Err(_) => Ok(TOO_LONG),
        },
    }
}

async fn finish(mut child: Child, mut streams: JoinSet<anyhow::Result<()>>) -> anyhow::Result<i32> {
    let ended = child.wait().await;
    while let Some(passed_on) = streams.join_next().await {
        passed_on??;
    }
    Ok(command::code(ended))
}

async fn feed(stdin: Option<ChildStdin>, content: Vec<u8>) -> anyhow::Result<()> {
    if let Some(mut stdin) = stdin {
        // A command may end without reading.
        let _ = stdin.write_all(&content).await;
    }
    Ok(())
}

fn of_stdout(data: Vec<u8>) -> Event {
    Event::Stdout(ExecSandboxStdout { data })
}

fn of_stderr(data: Vec<u8>) -> Event {
    Event::Stderr(ExecSandboxStderr { data })
}

async fn pass_on(
    stream: Option<impl AsyncRead + Unpin + Send>,
    frames: Sender<RelayFrame>,
    event: fn(Vec<u8>) -> Event,
) -> anyhow::Result<()> {
    let Some(mut stream) = stream else {
        return Ok(());
    };
    let mut part = vec![0; 32 * 1024];
    loop {
        match stream.read(&mut part).await? {
            0 => return Ok(()),
            read => send(frames.clone(), event(part[..read].to_vec())).await?,
        }
    }
}

async fn send(frames: Sender<RelayFrame>, event: Event) -> anyhow::Result<()> {
    let event = ExecSandboxEvent { payload: Some(event) };
    frames.send(frame(Payload::Data(event.encode_to_vec()))).await?;
    Ok(())
}

fn frame(payload: Payload) -> RelayFrame {
    RelayFrame {
        payload: Some(payload),
    }
}
