//! The kubeconfig of a gateway on a cluster of somebody's own: the context that leads there, out of a file with others.

use std::fs;
use std::path::Path;

use client_files::ClientFiles;
use contract::{Context, Failure};
use gateway_place::Place;
use gateway_work::Record;
use gw_node::report::Report;
use kube_session::KUBECONFIG_INVALID;
use serde_norway::Value;

use super::destination;
use super::one_context::{named, one_context};
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
    if flags.file.is_none() && flags.merge.is_none() {
        return Err(usage(format!(
            "gateway {gateway} is on a cluster, and its kubeconfig is {}: --file or --merge says where a copy goes",
            kubeconfig.display()
        )));
    }
    if flags
        .file
        .as_ref()
        .is_some_and(|file| is_same(Path::new(file), &kubeconfig))
    {
        return Err(usage(format!(
            "{} has other contexts, too, and is not written over",
            kubeconfig.display()
        )));
    }
    let mut config = read(&kubeconfig, place.cluster.context.as_deref())?;
    if flags.merge.is_some() {
        config = named(config, &gateway.resource());
    }
    let text = serde_norway::to_string(&config).expect("what was read can be written");
    let record = Record::of(context.report.clone());
    let file = destination::put(&record, flags, &kubeconfig, &text)?;
    context.report.update(|report| report.kubeconfig = file);
    Ok(true)
}

fn is_same(one: &Path, other: &Path) -> bool {
    let real = one.canonicalize();
    real.is_ok_and(|real| other.canonicalize().is_ok_and(|other| real == other))
}

fn read(file: &Path, context: Option<&str>) -> Result<Value, Failure> {
    let read = || {
        let text = fs::read(file)?;
        Ok((text, std::path::absolute(file)?))
    };
    let found = read()
        .map_err(|error: std::io::Error| error.to_string())
        .and_then(|(text, file)| {
            let folder = file.parent().unwrap_or(Path::new("/"));
            one_context(&text, folder, context, |path| fs::read(path))
        });
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
