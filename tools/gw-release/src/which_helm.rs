//! `helm`: which helm is used of those that are named.

use std::path::PathBuf;

use contract::{Answer, Context, Failure};
use gw_release::report::Report;

use crate::place::Place;

/// Says it, and nothing else is asked or written.
///
/// # Errors
/// `missing_helm` if none is fit.
pub async fn tell(programs: &[PathBuf], context: &Context<Report>) -> Result<Answer, Failure> {
    let place = Place::open(context, programs)?;
    let fit = place.helm.chosen().await?.display().to_string();
    context.report.update(|report| report.helm = Some(fit));
    Ok(Answer::Done)
}
