//! `findings`: what is wrong.

use contract::{Answer, Context, Exit, Failure, INVALID_GATEWAY_NAME};
use gateway_names::{DEFAULT_GATEWAY, GatewayName};
use gw_doctor::report::Report;

use crate::flags::FindingsFlags;
use crate::observe::Observed;
use crate::spelling::Spelling;
use crate::{answers, bundle, observe, plan, text};

/// Concludes it from the answers.
pub async fn tell(flags: &FindingsFlags, context: &Context<Report>) -> Result<Answer, Failure> {
    let given = flags.gateway.as_deref().map(name).transpose()?;
    if flags.bundle {
        context.data_goes_to_stdout();
    }
    let answers = observe::read(context).await?;
    let for_bundle = flags.bundle.then(|| answers.clone());
    let sorted = answers::sort(answers, flags.place);
    let detect = sorted.answers.detect.as_ref().map(|document| &document.report);
    let told = detect.and_then(|detect| detect.gateway.as_deref()?.parse().ok());
    let gateway: Option<GatewayName> = told.or(given);
    let state = detect.and_then(|detect| detect.state);
    let endpoint = detect
        .and_then(|detect| detect.endpoint.clone())
        .or(flags.endpoint.clone());
    let named = gateway.clone().unwrap_or_else(|| {
        let default = DEFAULT_GATEWAY.parse();
        default.expect("the default is a gateway's name")
    });
    let observed = Observed {
        answers: &sorted.answers,
        place: flags.place,
        gateway: &named,
        endpoint: endpoint.as_deref(),
        namespace: &flags.namespace,
        kubeconfig: flags.kubeconfig.as_deref(),
        workload: &flags.workload,
        asked_at: flags.asked_at,
        spelling: Spelling::of(flags),
    };
    let findings = plan::findings(&observed);
    let text = text::lines(named.as_str(), &findings, &sorted.unread);
    for line in text.iter().filter(|line| !line.is_empty()) {
        context.console.progress(line);
    }
    let is_fine = findings.is_empty() && sorted.unread.is_empty();
    let report = Report {
        gateway: gateway.map(|name| name.to_string()),
        state,
        endpoint,
        findings,
        unread: sorted.unread,
        missing: sorted.missing,
        text,
        seen: None,
    };
    let written = for_bundle.map(|answers| bundle::write(&named, &report, &answers));
    context.report.update(|place| *place = report);
    written.transpose()?;
    Ok(if is_fine { Answer::Done } else { Answer::No })
}

fn name(text: &str) -> Result<GatewayName, Failure> {
    text.parse().map_err(|error| {
        let message = format!("--gateway: {error}");
        INVALID_GATEWAY_NAME
            .ending_with(Exit::Usage)
            .failure(message, "correct --gateway")
    })
}
