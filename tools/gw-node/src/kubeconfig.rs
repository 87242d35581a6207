//! The verb `kubeconfig`: the kubeconfig for this host, written again, printed, or added to kubectl's.

mod destination;
mod merge;
mod on_cluster;
mod one_context;

use api_access::{read_kubeconfig, server_of, unreachable};
use contract::{Answer, Context, Failure};
use gateway_work::{Access, Work, own_container};
use gw_node::report::Report;

use crate::describe::show;
use crate::flags::KubeconfigFlags;

/// Docker is asked for a gateway in a container alone.
pub async fn run(flags: &KubeconfigFlags, context: Context<Report>) -> Result<Answer, Failure> {
    let to_stdout = flags.file.as_deref() == Some("-");
    if to_stdout {
        context.data_goes_to_stdout();
    }
    if on_cluster::run(flags, &context)? {
        return Ok(Answer::Done);
    }
    let access = if flags.file.is_none() && flags.merge.is_none() {
        Access::Changing
    } else {
        Access::Reading
    };
    let (work, facts) = Work::begin(&context, "kubeconfig", access).await?;
    let container = own_container(&work.gateway, &facts)?;
    show(&context.report, &work, container);
    let server = server_of(&work, container)?.ok_or_else(|| unreachable(container))?;
    let text = read_kubeconfig(&work, container, &server).await?;
    if work.machine.is_some() {
        work.console.progress(&format!(
            "{server} leads to the API while this runs: {} --gateway {}",
            contract::typed("gw-node tunnel"),
            work.gateway
        ));
    }
    context.report.update(|report| report.api_endpoint = Some(server));
    let own = work.folder.kubeconfig();
    let file = destination::put(&work.record, flags, &own, &text)?;
    context.report.update(|report| report.kubeconfig = file);
    Ok(Answer::Done)
}
