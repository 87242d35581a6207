//! All that the supervisor does, from its start to its end.

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::kept_lines::KeptLines;
use crate::main_process::MainProcess;
use crate::settings::Settings;
use crate::{dial, exit_report, nssh1_listener};

/// Runs until `stop` resolves or the main process ends; the exit code. The server is told that the main process ended, until it says that
/// it knows.
pub async fn until(settings: Settings, stop: impl Future<Output = ()>) -> anyhow::Result<u8> {
    let lines = KeptLines::open(&settings.data).await?;
    let (ending, ended) = watch::channel(false);
    let mut listening = tokio::task::JoinSet::new();
    if let Some(nssh1) = settings.nssh1 {
        let listener = TcpListener::bind(&nssh1.listen)
            .await
            .with_context(|| format!("cannot listen on {}", nssh1.listen))?;
        eprintln!("openshell-sandbox: listening on {}", listener.local_addr()?);
        let mut ended = ended.clone();
        let stop = async move {
            let _ = ended.wait_for(|ended| *ended).await;
        };
        listening.spawn(nssh1_listener::serve(
            listener,
            lines,
            nssh1,
            settings.sandbox_id,
            stop,
        ));
    }
    let mut main = MainProcess::start(&settings.command, &settings.data)?;
    let session = async {
        match &settings.server {
            Some(server) => dial::keep(server, &settings.data).await,
            None => std::future::pending().await,
        }
    };
    let outcome = tokio::select! {
        () = stop => None,
        code = main.ended() => Some(Ok(code)),
        given_up = session => Some(Err(given_up)),
    };
    let code = match &outcome {
        Some(Ok(code)) => *code,
        None | Some(Err(_)) => main.end().await,
    };
    ending.send_replace(true);
    while listening.join_next().await.is_some() {}
    match outcome {
        Some(Err(given_up)) => Err(given_up),
        Some(Ok(_)) => {
            exit_report::until_acknowledged(settings.server.as_ref(), code).await;
            Ok(u8::try_from(code).unwrap_or(1))
        }
        None => {
            exit_report::until_acknowledged(settings.server.as_ref(), code).await;
            Ok(0)
        }
    }
}
