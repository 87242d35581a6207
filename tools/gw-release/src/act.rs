//! What is done to the cluster before helm runs, and the runs of helm.

use contract::{Action, Context, Failure};
use gw_release::facts::Facts;
use gw_release::report::Report;
use kube_session::Session;
use serde_json::Value;

use crate::cluster::{self, Workload};
use crate::deployment::Deployment;
use crate::place::Place;
use crate::plan::DESCRIPTION;
use crate::reasons::RELEASE_FAILED;
use crate::resolve::Chosen;

/// Puts an action into the report.
pub fn acted(context: &Context<Report>, verb: &str, object: &str, reason: &str) {
    context.report.update(|report| {
        report.changed = !report.dry_run;
        report.actions.push(Action::new(verb, object, reason));
    });
}

/// Moves out of helm's way what it would stumble over, each thing written down before. `published`: the facts, in a gateway's container,
/// whose node port leads to one Service at a time.
pub async fn clear_the_way(
    objects: &[Value],
    published: Option<&Facts>,
    deployment: &mut Deployment,
    session: &Session,
    context: &Context<Report>,
) -> Result<(), Failure> {
    let is_dry = context.common.dry_run;
    if let Some(facts) = published {
        for name in cluster::entries_in_the_way(session, facts.service.as_deref()).await? {
            let called = format!("service/{name}");
            if !is_dry {
                deployment.unmakes(&called)?;
                cluster::delete_service(session, &name).await?;
            }
            acted(context, "delete", &called, "another Service gets its node port");
        }
        if let Some(charts) = cluster::helm_chart(session).await? {
            if !is_dry {
                cluster::let_go(session, &charts).await?;
            }
            acted(
                context,
                "annotate",
                "helmchart/openshell",
                "the helm controller would undo this release",
            );
        }
    }
    for workload in objects.iter().filter_map(|object| Workload::of(object, session)) {
        if !workload.is_stuck(session).await? {
            continue;
        }
        let called = workload.called();
        if !is_dry {
            deployment.unmakes(&called)?;
            workload.delete(session).await?;
        }
        acted(
            context,
            "delete",
            &called,
            "it cannot be changed in place; its volumes stay",
        );
    }
    Ok(())
}

/// helm installs or upgrades the release.
pub async fn upgrade(place: &Place, chosen: &Chosen) -> Result<(), Failure> {
    let mut words: Vec<String> = ["upgrade", "--install", gateway_names::WORKLOAD]
        .map(str::to_owned)
        .into();
    words.extend(chosen.words());
    words.extend(place.helm.on_cluster());
    words.extend([
        "--description".to_owned(),
        format!("{DESCRIPTION}{}", chosen.fingerprint),
    ]);
    words.extend(["--history-max", "10", "--output", "json"].map(str::to_owned));
    words.extend(place.helm.time_limit());
    let ended = place
        .helm
        .run(&words, &place.scratch().join("upgrade.json"))
        .await?;
    if ended.is_well {
        return Ok(());
    }
    Err(RELEASE_FAILED.failure(
        format!(
            "helm could not deploy the chart; the server is as helm left it: {}",
            ended.said.trim()
        ),
        "the same command, once what helm says is solved",
    ))
}
