//! The verb `parts`: which parts of the running gateway are made from other sources than those of a checkout.

mod kept;
mod plan;

use contract::{Answer, Context, Failure};
use gateway_work::{Access, Work};
use gw_node::report::Report;

use crate::describe::show;
use crate::exec;
use crate::flags::PartsFlags;
use crate::parts::kept::Kept;
use crate::parts::plan::Observed;

/// Compares, and with `--keep` writes down what was deployed.
pub async fn run(flags: &PartsFlags, context: Context<Report>) -> Result<Answer, Failure> {
    let access = if flags.keep.is_empty() {
        Access::Reading
    } else {
        Access::Changing
    };
    let (work, facts) = Work::begin(&context, "parts", access).await?;
    let container = exec::running(&work, &facts)?;
    show(&context.report, &work, container);
    let mut kept = Kept::read(&work.folder, &container.id)?;
    if !flags.keep.is_empty() {
        kept.deployed.extend(flags.keep.iter().cloned());
        kept.release = Some(flags.release.word().to_owned());
        if !work.dry_run {
            kept.write(&work.folder)?;
        }
    }
    let observed = Observed::of(container, kept);
    let parts = plan::plan(flags, &observed);
    context.report.update(|report| report.parts = parts);
    Ok(Answer::Done)
}
