//! The kubeconfig of a gateway on a cluster of somebody's own: the context that leads there, out of a file with others.

use std::fs;
use std::path::Path;

use api_access::write_kubeconfig;
use client_files::ClientFiles;
use contract::{Context, Failure};
use gateway_place::Place;
use gateway_work::Record;
use gw_node::report::Report;
use kube_session::KUBECONFIG_INVALID;
use serde_norway::Value;

use super::one_context::{named, one_context};
use super::{merge, print};
use crate::flags::KubeconfigFlags;

/// Prints the context, adds it to a file or writes it to one. False for a gateway in a container.
pub fn run(flags: &KubeconfigFlags, context: &Context<Report>) -> Result<bool, Failure> {
    let files = ClientFiles::of_user()?;
    let gateway = files.resolve(context.common.gateway.as_deref())?;
    let Some(place) = Place::of(&files.gateway(&gateway), &context.common)? else {
        return Ok(false);
    };
    context.report.update(|report| {
        report.work.gateway = Some(gateway.to_string());
        report.work.dry_run = context.common.dry_run;
    });
    let usage = |message: String| {
        let how = contract::typed("gw-node kubeconfig --file - --kubeconfig FILE");
        Failure::usage(message, how)
    };
    let Some(kubeconfig) = place.cluster.kubeconfig else {
        return Err(usage("which kubeconfig has the context?".to_owned()));
    };
    let config = read(&kubeconfig, place.cluster.context.as_deref())?;
    let record = Record::of(context.report.clone());
    let path = match (&flags.merge, flags.file.as_deref()) {
        (Some(path), _) => {
            let own = text(&named(config, &gateway.resource()));
            merge::into_file(&record, Path::new(path), &own)?;
            path
        }
        (None, Some("-")) => {
            print(&text(&config));
            return Ok(true);
        }
        (None, Some(path)) => {
            write_kubeconfig(&record, Path::new(path), &text(&config))?;
            path
        }
        (None, None) => {
            return Err(usage(format!(
                "gateway {gateway} is on a cluster, and its kubeconfig is {}: --file or --merge says where a copy goes",
                kubeconfig.display()
            )));
        }
    };
    context
        .report
        .update(|report| report.kubeconfig = Some(path.to_owned()));
    Ok(true)
}

fn read(file: &Path, context: Option<&str>) -> Result<Value, Failure> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let found = fs::read(file)
        .map_err(|error| error.to_string())
        .and_then(|text| one_context(&text, folder, context, |path| fs::read(path)));
    found.map_err(|why| {
        let file = file.display().to_string();
        KUBECONFIG_INVALID.failure(
            format!("the kubeconfig {file} cannot be used: {why}"),
            format!(
                "kubectl config get-contexts --kubeconfig {}",
                contract::quoted(&file)
            ),
        )
    })
}

fn text(config: &Value) -> String {
    serde_norway::to_string(config).expect("what was read can be written")
}
