//! The kubeconfig for this host, once the container is as it should be.

use api_access::{read_kubeconfig, server_of, unreachable, write_kubeconfig};
use contract::{Action, Failure};
use gateway_facts::{Container, Facts};
use gateway_work::Work;

use crate::plan::makes_container;
use crate::plan::steps::Plan;

/// Fetches it. Returns where this host reaches the API; `None` with a warning if it does not.
pub async fn fetch(work: &Work, container: &Container) -> Result<Option<String>, Failure> {
    let Some(server) = server_of(work, container)? else {
        work.warn(unreachable(container).message);
        return Ok(None);
    };
    let text = read_kubeconfig(work, container, &server).await?;
    write_kubeconfig(&work.record, &work.folder.kubeconfig(), &text)?;
    Ok(Some(server))
}

/// What [`fetch`] would do, as far as it can be told beforehand.
pub async fn foresee(work: &Work, facts: &Facts, plan: &Plan) -> Result<Option<String>, Failure> {
    let path = work.folder.kubeconfig();
    let unchanged = facts
        .container
        .as_ref()
        .filter(|container| container.is_up() && !makes_container(plan));
    if let Some(container) = unchanged {
        let server = server_of(work, container)?;
        if let Some(server) = &server {
            let text = read_kubeconfig(work, container, server).await?;
            write_kubeconfig(&work.record, &path, &text)?;
        }
        return Ok(server);
    }
    let names_api = |text: Vec<u8>| {
        let server = match (&work.machine, plan.spec.api_port) {
            (Some(_), _) => Some("https://127.0.0.1:".to_owned()),
            (None, port) => port.map(|port| format!("https://127.0.0.1:{port}")),
        };
        server.is_some_and(|server| String::from_utf8_lossy(&text).contains(&server))
    };
    let fits = facts.volume.is_some() && work.folder.read_private("kubeconfig")?.is_some_and(names_api);
    if !fits {
        let object = format!("file {}", path.display());
        work.did(Action::new("write", object, "the kubeconfig differs"));
    }
    Ok(None)
}
