//! `check`: does everybody carry what the Secret holds?

use std::collections::BTreeMap;

use contract::{Answer, Context, Failure};
use gateway_names::{HANDSHAKE_KEY, HANDSHAKE_SECRET, HANDSHAKE_VARIABLE};
use jiff::Timestamp;
use kube_session::{HeldSecret, ServerPod, Session, VariableSource};

use crate::carried::Group;
use crate::observe::{carried, read_secret};
use crate::plan::Present;
use crate::report::{Carried, Holder, Kind, Report, Source};

/// A Secret, as far as it can be compared with what somebody carries.
struct Known {
    fingerprint: String,
    written_at: Option<Timestamp>,
}

/// Reads all of it at once, and compares.
pub async fn run(context: Context<Report>) -> Result<Answer, Failure> {
    let session = Session::open(&context).await?;
    context.report.update(|report| {
        report.namespace = Some(session.namespace.clone());
        report.secret = Some(HANDSHAKE_SECRET.to_owned());
        report.dry_run = context.common.dry_run;
    });
    session.wait_for_namespace().await?;
    let ((secret, present), groups, pods) =
        tokio::try_join!(read_secret(&session), carried(&session), session.server_pods())?;
    let mut known = BTreeMap::from([(HANDSHAKE_SECRET.to_owned(), secret.as_ref().and_then(known_of))]);
    for pod in &pods {
        if let Some(VariableSource::Secret(name, _)) = pod.variable(HANDSHAKE_VARIABLE)
            && !known.contains_key(&name)
        {
            let found = session.read_secret(&name).await?;
            known.insert(name, found.as_ref().and_then(known_of));
        }
    }
    let wanted = match &present {
        Present::Valid(secret) => Some(secret.fingerprint()),
        _ => None,
    };
    let of_server = pods.iter().map(|pod| server(pod, &known, wanted.as_deref()));
    let holders: Vec<Holder> = of_server.chain(sandboxes(&groups, wanted.as_deref())).collect();
    let agree = wanted.is_some() && holders.iter().all(|holder| holder.agrees != Some(false));
    tell(&context, &present, &holders);
    context.report.update(|report| {
        report.source = wanted.is_some().then_some(Source::Existing);
        report.fingerprint = wanted;
        report.carried = groups.iter().map(Carried::from).collect();
        report.holders = holders;
        report.agree = Some(agree);
    });
    Ok(if agree { Answer::Done } else { Answer::No })
}

fn known_of(secret: &HeldSecret) -> Option<Known> {
    Some(Known {
        fingerprint: contract::fingerprint(secret.value(HANDSHAKE_KEY)?),
        written_at: secret.changed_at(),
    })
}

/// What a pod of the server carries. A value by reference was read when the container started: it is the Secret's own
/// unless that was written after.
fn server(pod: &ServerPod, known: &BTreeMap<String, Option<Known>>, wanted: Option<&str>) -> Holder {
    let (fingerprint, detail) = match pod.variable(HANDSHAKE_VARIABLE) {
        None => {
            return Holder {
                kind: Kind::Gateway,
                name: pod.name().to_owned(),
                fingerprint: None,
                agrees: None,
                detail: format!("it has no {HANDSHAKE_VARIABLE}, as today's releases have none"),
            };
        }
        Some(VariableSource::Literal(value)) => (
            Some(contract::fingerprint(value.as_bytes())),
            "a literal in its environment".to_owned(),
        ),
        Some(VariableSource::Other) => (None, "neither a literal nor a Secret's value".to_owned()),
        Some(VariableSource::Secret(name, key)) => match known.get(&name).and_then(Option::as_ref) {
            None => (None, format!("Secret {name}, which has no key {HANDSHAKE_KEY}")),
            Some(_) if key != HANDSHAKE_KEY => (None, format!("key {key} of Secret {name}")),
            Some(known) => match (pod.started_at(), known.written_at) {
                (Some(started), Some(written)) if started < written => (
                    None,
                    format!("what Secret {name} held before {written}: it has not restarted since"),
                ),
                _ => (Some(known.fingerprint.clone()), format!("Secret {name}")),
            },
        },
    };
    Holder {
        kind: Kind::Gateway,
        name: pod.name().to_owned(),
        agrees: Some(fingerprint.is_some() && fingerprint.as_deref() == wanted),
        fingerprint,
        detail,
    }
}

fn sandboxes(groups: &[Group], wanted: Option<&str>) -> impl Iterator<Item = Holder> {
    groups.iter().flat_map(move |group| {
        group.sandboxes.iter().map(move |name| Holder {
            kind: Kind::Sandbox,
            name: name.clone(),
            fingerprint: Some(group.fingerprint.clone()),
            agrees: Some(Some(group.fingerprint.as_str()) == wanted),
            detail: "a literal in its environment".to_owned(),
        })
    })
}

fn tell(context: &Context<Report>, present: &Present, holders: &[Holder]) {
    let console = &context.console;
    match present {
        Present::Absent => console.warning(&format!(
            "Secret {HANDSHAKE_SECRET} does not exist; next: gw-sshsecret reconcile"
        )),
        Present::Invalid(why) => console.warning(&format!(
            "Secret {HANDSHAKE_SECRET} is no handshake secret: {why}; next: gw-sshsecret reconcile --replace-invalid"
        )),
        Present::Valid(secret) => console.progress(&format!(
            "Secret {HANDSHAKE_SECRET} holds {}",
            secret.fingerprint()
        )),
    }
    for holder in holders {
        let what = match holder.kind {
            Kind::Gateway => "the gateway's pod",
            Kind::Sandbox => "sandbox",
        };
        let shown = holder.fingerprint.as_deref().unwrap_or("an unknown secret");
        let (name, detail) = (&holder.name, &holder.detail);
        match holder.agrees {
            Some(true) => console.progress(&format!("{what} {name} agrees")),
            Some(false) => console.warning(&format!("{what} {name} carries {shown} ({detail})")),
            None => console.progress(&format!("{what} {name} carries none: {detail}")),
        }
    }
}
