//! `prepare`: the place on a cluster that a release is deployed to.

mod kubeconfigs;
mod plan;

use std::path::PathBuf;

use client_files::GatewayFolder;
use contract::{Answer, CommonFlags, Context, Failure, typed, typed_by_driver};
use gw_release::report::Report;
use kube_session::Session;

use crate::act::acted;
use crate::flags::{GivenEndpoint, PrepareFlags};
use crate::gateway;
use crate::namespace::{self, Found};
use crate::reasons::{CONTEXT_MISSING, NAMESPACE_TERMINATING};
use gateway_place::{FILE, PlaceFile};
use plan::{Given, Refusal, Step};

/// Makes what is missing of it, and keeps it for runs to come.
pub async fn prepare(flags: PrepareFlags, context: &Context<Report>) -> Result<Answer, Failure> {
    let (_, folder) = gateway::open(context)?;
    let given = given(flags, &context.common)?;
    let _lock = gateway::lock(&folder, "prepare", context).await?;
    if !context.common.dry_run {
        folder.finish_removal()?;
    }
    let kept = PlaceFile::read(&folder)?;
    let chosen = choose(kept.as_ref(), &given, &folder)?;
    gateway::show(&chosen, None, context);
    let session = Session::open_on(&chosen.cluster(), context, context.deadline).await?;
    let found = find_or_make(&session, &chosen, &folder, context).await?;
    let place = PlaceFile {
        namespace_uid: found.as_ref().map(|found| found.uid.clone()),
        ..chosen
    };
    let is_own = found.is_none_or(|found| found.is_of(folder.gateway()));
    gateway::show(&place, Some(is_own), context);
    if kept.as_ref() != Some(&place) {
        if !context.common.dry_run {
            place.write(&folder)?;
        }
        acted(context, "keep", FILE, "it is what was chosen");
    }
    Ok(Answer::Done)
}

/// What is kept with what shared flags say over it.
pub fn over(kept: &PlaceFile, flags: &CommonFlags, folder: &GatewayFolder) -> Result<PlaceFile, Failure> {
    choose(Some(kept), &of_shared(flags), folder)
}

fn choose(kept: Option<&PlaceFile>, given: &Given, folder: &GatewayFolder) -> Result<PlaceFile, Failure> {
    let files = plan::files(kept, given, kubeconfigs::usual());
    let read = kubeconfigs::read(&files);
    plan::choose(kept, given, gateway::is_in_container(folder), &read)
        .map_err(|refusal| refused(refusal, &files, folder))
}

fn of_shared(flags: &CommonFlags) -> Given {
    Given {
        kubeconfig: flags.kubeconfig.clone(),
        context: flags.context.clone(),
        namespace: flags.namespace.clone(),
        ..Given::default()
    }
}

/// What the flags say, if they fit together.
fn given(flags: PrepareFlags, common: &CommonFlags) -> Result<Given, Failure> {
    for (one, other) in [
        (
            flags.plaintext && flags.no_plaintext,
            "--plaintext and --no-plaintext",
        ),
        (
            flags.disable_gateway_auth && flags.enable_gateway_auth,
            "--disable-gateway-auth and --enable-gateway-auth",
        ),
    ] {
        if one {
            let message = format!("{other} contradict each other");
            return Err(Failure::usage(message, "give one of them"));
        }
    }
    let either = |yes: bool, no: bool| (yes || no).then_some(yes);
    Ok(Given {
        endpoint: flags.endpoint.map(|endpoint| match endpoint {
            GivenEndpoint::Found => None,
            GivenEndpoint::Url(endpoint) => Some(endpoint.url),
        }),
        port: flags.port,
        plaintext: either(flags.plaintext, flags.no_plaintext),
        disable_gateway_auth: either(flags.disable_gateway_auth, flags.enable_gateway_auth),
        tls_sans: flags.tls_san,
        ..of_shared(common)
    })
}

/// The namespace, made if there is none; `None` in a dry run that would make it.
async fn find_or_make(
    session: &Session,
    chosen: &PlaceFile,
    folder: &GatewayFolder,
    context: &Context<Report>,
) -> Result<Option<Found>, Failure> {
    let made = || {
        let object = format!("namespace/{}", session.namespace);
        acted(context, "create", &object, "there is none");
    };
    let mut is_asked = false;
    loop {
        let found = namespace::find(session).await?;
        match plan::step(chosen.namespace_uid.as_deref(), found.as_ref()) {
            Step::RefuseAnother => return Err(namespace::another(session, folder, found.as_ref())),
            Step::RefuseTerminating => return Err(terminating(session)),
            Step::Keep => {
                // Made by this run's attempt whose answer was lost.
                if is_asked && found.as_ref().is_some_and(|found| found.is_of(folder.gateway())) {
                    made();
                }
                return Ok(found);
            }
            Step::Create if context.common.dry_run => {
                made();
                return Ok(None);
            }
            Step::Create => {
                is_asked = true;
                if let Some(found) = namespace::create(session, folder.gateway()).await? {
                    made();
                    return Ok(Some(found));
                }
            }
        }
    }
}

fn terminating(session: &Session) -> Failure {
    NAMESPACE_TERMINATING.failure(
        format!("namespace {} is being deleted", session.namespace),
        "wait until it is gone, then run the command again; or name another one: --namespace NAME",
    )
}

fn refused(refusal: Refusal, files: &[PathBuf], folder: &GatewayFolder) -> Failure {
    let again = typed_by_driver("start").unwrap_or_else(|| typed("gw-release prepare"));
    let again = format!("{again} --gateway {}", folder.gateway());
    match refusal {
        Refusal::InContainer => {
            gateway::in_container(folder, "use another name for one on a cluster: --gateway NAME")
        }
        Refusal::Unnamed => Failure::usage(
            "new gateways on a cluster of your own need --context or --kubeconfig",
            format!("{again} --context NAME"),
        ),
        Refusal::WrongNamespace(name) => Failure::usage(
            format!("'{}' is no name for a namespace", name.escape_debug()),
            "use at most 63 lower-case letters, digits and dashes, with a letter or digit at both ends",
        ),
        Refusal::ContextMissing(context) => {
            let files: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
            let wanted = context.map_or_else(
                || "a current context".to_owned(),
                |context| format!("context {context}"),
            );
            CONTEXT_MISSING.failure(
                format!("no kubeconfig that can be read has {wanted}: {}", files.join(" ")),
                format!("kubectl config get-contexts, then {again} --kubeconfig FILE --context NAME"),
            )
        }
    }
}
