//! `check`: does everybody carry what the Secret holds?

use std::collections::BTreeMap;

use contract::{Answer, Context, Failure};
use gateway_names::{HANDSHAKE_KEY, HANDSHAKE_SECRET, HANDSHAKE_VARIABLE};
use jiff::Timestamp;
use kube_session::{HeldSecret, ServerPod, VariableSource};

use crate::flags::CheckFlags;
use crate::observe::carried::Group;
use crate::observe::{Present, observe, open};
use crate::report::{Carried, Holder, Kind, Report, Source};

/// A Secret, as far as it can be compared with what somebody carries.
struct Known {
    fingerprint: String,
    created_at: Option<Timestamp>,
    written_at: Option<Timestamp>,
}

/// Reads all of it at once, and compares.
pub async fn run(flags: &CheckFlags, context: Context<Report>) -> Result<Answer, Failure> {
    let session = open(&context).await?.of_workload(&flags.workload);
    context
        .report
        .update(|report| report.dry_run = context.common.dry_run);
    session.wait_for_namespace().await?;
    let (observed, pods) = tokio::try_join!(observe(&session), session.server_pods())?;
    let own = observed.object.as_ref().and_then(known_of);
    let mut known = BTreeMap::from([(HANDSHAKE_SECRET.to_owned(), own)]);
    for pod in &pods {
        if let Some(VariableSource::Secret(name, _)) = pod.variable(HANDSHAKE_VARIABLE)
            && !known.contains_key(&name)
        {
            let found = session.read_secret(&name).await?;
            known.insert(name, found.as_ref().and_then(known_of));
        }
    }
    let wanted = match &observed.present {
        Present::Valid(secret) => Some(secret.fingerprint()),
        _ => None,
    };
    let of_server = pods.iter().map(|pod| server(pod, &known, wanted.as_deref()));
    let holders: Vec<Holder> = of_server
        .chain(sandboxes(&observed.groups, wanted.as_deref()))
        .collect();
    let agree = wanted.is_some() && holders.iter().all(|holder| holder.agrees != Some(false));
    tell(&context, &observed.present, &holders);
    context.report.update(|report| {
        report.source = wanted.is_some().then_some(Source::Existing);
        report.fingerprint = wanted;
        report.carried = observed.groups.iter().map(Carried::from).collect();
        report.exists = Some(observed.object.is_some());
        report.holders = holders;
        report.agree = Some(agree);
    });
    Ok(if agree { Answer::Done } else { Answer::No })
}

fn known_of(secret: &HeldSecret) -> Option<Known> {
    Some(Known {
        fingerprint: contract::fingerprint(secret.value(HANDSHAKE_KEY)?),
        created_at: secret.created_at(),
        written_at: secret.changed_at(),
    })
}

/// What a pod of the server carries. A value by reference was read when the container started: it is another one where the
/// Secret was replaced after that, and nobody can tell where the whole Secret was made anew after that.
fn server(pod: &ServerPod, known: &BTreeMap<String, Option<Known>>, wanted: Option<&str>) -> Holder {
    let is_wanted =
        |fingerprint: &Option<String>| Some(fingerprint.is_some() && fingerprint.as_deref() == wanted);
    let (fingerprint, agrees, detail) = match pod.variable(HANDSHAKE_VARIABLE) {
        None => (
            None,
            None,
            format!("it has no {HANDSHAKE_VARIABLE}, as today's releases have none"),
        ),
        Some(VariableSource::Other) => (
            None,
            Some(false),
            "neither a literal nor a Secret's value".to_owned(),
        ),
        Some(VariableSource::Literal(value)) => {
            let fingerprint = Some(contract::fingerprint(value.as_bytes()));
            let agrees = is_wanted(&fingerprint);
            (fingerprint, agrees, "a literal in its environment".to_owned())
        }
        Some(VariableSource::Secret(name, key)) => match known.get(&name).and_then(Option::as_ref) {
            Some(known) if key == HANDSHAKE_KEY => {
                let started = pod.started_at();
                let is_before =
                    |time: Option<Timestamp>| started.is_some() && time.is_some() && started < time;
                if is_before(known.created_at) {
                    let detail =
                        format!("it started before Secret {name} was made; a restart would settle it");
                    (None, None, detail)
                } else if is_before(known.written_at) {
                    let detail =
                        format!("what Secret {name} held before it was replaced: it has not restarted since");
                    (None, Some(false), detail)
                } else {
                    let fingerprint = Some(known.fingerprint.clone());
                    let agrees = is_wanted(&fingerprint);
                    (fingerprint, agrees, format!("Secret {name}"))
                }
            }
            _ => (None, Some(false), format!("key {key} of Secret {name}")),
        },
    };
    Holder {
        kind: Kind::Gateway,
        name: pod.name().to_owned(),
        fingerprint,
        agrees,
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
            "Secret {HANDSHAKE_SECRET} does not exist; next: {}",
            contract::typed("gw-sshsecret reconcile")
        )),
        Present::Invalid(why) => console.warning(&format!(
            "Secret {HANDSHAKE_SECRET} is no handshake secret: {why}; next: {}",
            contract::typed("gw-sshsecret reconcile --replace-invalid")
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
            None => console.progress(&format!("{what} {name}: not known whether it agrees: {detail}")),
        }
    }
}
