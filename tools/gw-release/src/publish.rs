//! `publish`: what clients read of a gateway on a cluster.

use contract::{Answer, Context, Failure, typed, typed_by_driver};
use gw_release::report::Report;

use crate::act::acted;
use crate::endpoint::Endpoint;
use crate::gateway;
use crate::reasons::NO_STATE;
use gateway_place::PlaceFile;

/// Writes where clients reach the gateway, and that it is the active one. Members that others wrote stay.
pub async fn publish(endpoint: &Endpoint, context: &Context<Report>) -> Result<Answer, Failure> {
    let (files, folder) = gateway::open(context)?;
    let name = folder.gateway();
    let _lock = gateway::lock(&folder, "publish", context).await?;
    if PlaceFile::read(&folder)?.is_none() {
        let prepare = typed_by_driver("start").unwrap_or_else(|| typed("gw-release prepare"));
        return Err(NO_STATE.failure(
            format!("there is no gateway {name} on a cluster of yours"),
            format!("{prepare} --gateway {name} --context NAME"),
        ));
    }
    context
        .report
        .update(|report| report.endpoint = Some(endpoint.url.clone()));
    let present = folder.read_metadata()?;
    let mut metadata = present.clone().unwrap_or_default();
    metadata.name = name.to_string();
    metadata.gateway_endpoint.clone_from(&endpoint.url);
    metadata.is_remote = !endpoint.is_of_this_machine();
    metadata.gateway_port = endpoint.port;
    let is_dry = context.common.dry_run;
    let differs = if is_dry {
        present.as_ref() != Some(&metadata)
    } else {
        folder.write_metadata(&metadata)?
    };
    if differs {
        let object = folder.metadata_file().display().to_string();
        acted(
            context,
            "write",
            &object,
            "it says where clients reach the gateway",
        );
    }
    let is_new = if is_dry {
        files.active()?.as_ref() != Some(name)
    } else {
        files.set_active(name)?
    };
    if is_new {
        let object = format!("gateway {name}");
        acted(context, "activate", &object, "it was not the active one");
    }
    Ok(Answer::Done)
}
