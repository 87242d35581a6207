//! Pulls the cluster image, with progress.

use std::collections::HashMap;

use bollard::query_parameters::CreateImageOptionsBuilder;
use contract::{Action, Failure};
use docker_images::{IMAGE_MISSING, Image};
use docker_session::{DockerSession, docker_failure, is_status};
use futures_util::TryStreamExt;
use gateway_work::Work;
use registry_credentials::Credentials;

use crate::flags::values::Pull;
use crate::reasons::IMAGE_PULL_FAILED;

/// What there is of an image.
#[derive(Debug, Default)]
pub struct Found {
    /// The image, where Docker has it.
    pub image: Option<Image>,
    /// Docker does not have it, and will: a dry run only says that it would be pulled.
    pub to_come: bool,
}

impl From<Option<Image>> for Found {
    fn from(image: Option<Image>) -> Self {
        Self {
            image,
            to_come: false,
        }
    }
}

/// The image, pulled where `pull` says so. A dry run says that it would be pulled, unless it is assumed to be brought by others.
pub async fn find(
    work: &Work,
    reference: &str,
    pull: Pull,
    assumed: bool,
    credentials: Option<&Credentials>,
) -> Result<Found, Failure> {
    let present = docker_images::find(&work.session, reference).await?;
    if work.dry_run && assumed && present.is_none() {
        return Ok(Found {
            image: None,
            to_come: true,
        });
    }
    let due = match pull {
        Pull::Never => false,
        Pull::Missing => present.is_none(),
        Pull::Always => true,
    };
    // An id is what no registry knows.
    if !due || reference.starts_with("sha256:") {
        return Ok(present.into());
    }
    let why = if present.is_some() {
        "--pull always"
    } else {
        "Docker does not have it"
    };
    let action = Action::new("pull", format!("image {reference}"), why);
    work.announce(&action);
    if work.dry_run {
        work.did(action);
        return Ok(Found {
            to_come: present.is_none(),
            image: present,
        });
    }
    pulled(work, &work.session, reference, credentials).await?;
    let now = docker_images::find(&work.session, reference).await?;
    if now != present {
        work.did(action);
    }
    Ok(now.into())
}

async fn pulled(
    work: &Work,
    session: &DockerSession,
    reference: &str,
    credentials: Option<&Credentials>,
) -> Result<(), Failure> {
    let (name, tag) = split(reference);
    let options = CreateImageOptionsBuilder::new().from_image(name).tag(tag).build();
    let credentials = credentials.map(Credentials::for_docker);
    let mut steps = session.api().create_image(Some(options), None, credentials);
    let mut layers: HashMap<String, (i64, i64)> = HashMap::new();
    loop {
        let step = match steps.try_next().await {
            Ok(Some(step)) => step,
            Ok(None) => break,
            Err(error) => return Err(failed(reference, &error)),
        };
        let detail = step.progress_detail.unwrap_or_default();
        if let (Some(id), Some(current), Some(total)) = (step.id, detail.current, detail.total) {
            layers.insert(id, (current, total));
            let (done, all) = layers
                .values()
                .fold((0, 0), |sum, layer| (sum.0 + layer.0, sum.1 + layer.1));
            work.console
                .waiting(&format!("image {reference}: {} of {} MB", done >> 20, all >> 20));
        }
    }
    work.console.ended_waiting();
    Ok(())
}

/// Name and tag, or name with digest and no tag.
fn split(reference: &str) -> (&str, &str) {
    if reference.contains('@') {
        return (reference, "");
    }
    let last = reference.rfind('/').map_or(0, |slash| slash + 1);
    match reference[last..].rfind(':') {
        Some(colon) => (&reference[..last + colon], &reference[last + colon + 1..]),
        None => (reference, "latest"),
    }
}

/// That an image is nowhere to be had is the same as that it is missing; anything else is worth another try.
fn failed(reference: &str, error: &bollard::errors::Error) -> Failure {
    use bollard::errors::Error;
    let message = match error {
        Error::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        Error::DockerStreamError { error } => error.trim().to_owned(),
        _ => return docker_failure(&format!("pull image {reference}"), error),
    };
    if is_status(error, 404) || message.contains("manifest unknown") {
        return IMAGE_MISSING.failure(
            format!("neither Docker nor a registry has the image {reference}: {message}"),
            "name another: --image IMAGE",
        );
    }
    IMAGE_PULL_FAILED.failure(
        format!("cannot pull the image {reference}: {message}"),
        "see whether the registry can be reached, and --registry-username with --registry-password-file",
    )
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn names_and_tags_are_told_apart() {
        for (reference, expected) in [
            ("a", ("a", "latest")),
            ("r:5000/a/b", ("r:5000/a/b", "latest")),
            ("r:5000/a:1", ("r:5000/a", "1")),
            ("a@sha256:0", ("a@sha256:0", "")),
        ] {
            assert_eq!(split(reference), expected);
        }
    }
}
