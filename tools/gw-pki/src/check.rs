//! `check`: what is there, and is it as it should be?

use contract::{Answer, Context, Failure};

use crate::examine::{Demand, examine, server_names};
use crate::finding::listed;
use crate::flags::{CheckFlags, seconds};
use crate::gateway::{Gateway, seconds_since_1970};
use crate::observe::observe;
use crate::plan::{Wish, plan};
use crate::report::{Phase, Report};

/// Valid is what `reconcile` would leave as it is.
pub async fn run(flags: CheckFlags, context: Context<Report>) -> Result<Answer, Failure> {
    let gateway = Gateway::open(&context, &flags.workload).await?;
    let session = &gateway.session;
    session.wait_for_namespace().await?;
    let observed = observe(session, &gateway.folder).await?;
    let sans = server_names::wanted(&session.namespace, &flags.san);
    let demand = Demand {
        sans: &sans,
        renew_before: flags.renew_before.map(seconds),
        now: seconds_since_1970(),
    };
    let examined = examine(&observed, demand);
    let nothing_to_do = plan(&examined, Wish::default()).is_ok_and(|steps| steps.is_empty());
    let valid = nothing_to_do && examined.phase == Phase::Steady;
    context.report.update(|report| {
        gateway.show(report, &examined, demand.now);
        report.valid = Some(valid);
        for line in lines(report) {
            context.console.progress(&line);
        }
    });
    if !valid {
        context.console.warning(&format!(
            "not all is as it should be; next: {}",
            contract::typed("gw-pki reconcile")
        ));
    }
    Ok(if valid { Answer::Done } else { Answer::No })
}

/// For people: one line a certificate.
fn lines(report: &Report) -> Vec<String> {
    let of_secrets = report.certificates.iter().map(|certificate| {
        let until = match (&certificate.not_after, certificate.days_left) {
            (Some(not_after), Some(days)) => format!("until {not_after} ({days} days left)"),
            _ => "no certificate".to_owned(),
        };
        format!(
            "{}: {until}: {}",
            certificate.secret,
            or_fine(&certificate.findings)
        )
    });
    let bundle = report.bundle.iter();
    let of_bundle = bundle.map(|bundle| format!("{}: {}", bundle.folder, or_fine(&bundle.findings)));
    of_secrets.chain(of_bundle).collect()
}

fn or_fine(findings: &[crate::finding::Finding]) -> String {
    if findings.is_empty() {
        "fine".to_owned()
    } else {
        listed(findings)
    }
}
