//! Leads, and works while it leads.

use kube::Client;
use reference_base::log::{self, Level};
use tokio::sync::watch;

use crate::controller;
use crate::lease::Election;
use crate::settings::Settings;

/// Works until `stop` resolves, and gives its Lease back then. An error: the Lease was lost.
pub async fn until(
    client: Client,
    settings: Settings,
    stop: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let mut stop = std::pin::pin!(stop);
    let mut election = Election::new(client.clone(), &settings);
    tokio::select! {
        () = election.win() => {}
        () = stop.as_mut() => return Ok(()),
    }
    log::write(Level::Info, "leading");
    let (end, ended) = watch::channel(false);
    let work = tokio::spawn(controller::run(client, settings, async move {
        let mut ended = ended;
        let _ = ended.wait_for(|end| *end).await;
    }));
    let kept = tokio::select! {
        lost = election.keep() => Err(lost),
        () = stop => Ok(()),
    };
    end.send_replace(true);
    match kept {
        // Whoever leads next must not meet what is still under way here.
        Ok(()) => {
            let _ = work.await;
            election.give_back().await;
        }
        Err(_) => work.abort(),
    }
    kept
}
