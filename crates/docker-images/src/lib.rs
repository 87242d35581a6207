//! Images as Docker has them, and the parts of their references.

use std::collections::HashMap;

use bollard::query_parameters::ListImagesOptions;
use contract::{Exit, Failure, Reason};
use docker_session::{DockerSession, absent, docker_failure};
use gateway_names::{IMAGE_LABEL, IMAGE_LABEL_VALUE};

/// An image is needed, and none is named.
pub const IMAGE_NOT_GIVEN: Reason = Reason::new(
    "image_not_given",
    Exit::Configuration,
    "no cluster image is named, and none is persisted",
);
/// The image that is named is not there.
pub const IMAGE_MISSING: Reason =
    Reason::new("image_missing", Exit::Failed, "Docker does not have the image");

/// What matters of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// Its id.
    pub id: String,
    /// This project built it: it runs by a list of capabilities.
    pub ours: bool,
    /// Its entry point is k3s itself, which reads nothing of what a gateway's images read from the environment.
    pub plain_k3s: bool,
    /// Its own environment, `NAME=VALUE`.
    pub environment: Vec<String>,
    /// Its labels.
    pub labels: HashMap<String, String>,
    /// What it is built for, in Docker's words.
    pub architecture: Option<String>,
}

/// Label with the version of Kubernetes that an image of this project brings, such as `v1.20.2`.
pub const KUBERNETES_LABEL: &str = "dev.openshell.kubernetes";

/// Any image that Docker has: one of this project, if there is one.
pub async fn any(session: &DockerSession) -> Result<Option<String>, Failure> {
    let all = session.api().list_images(None::<ListImagesOptions>).await;
    let all = all.map_err(|error| docker_failure("list images", &error))?;
    let own = all.iter().find(|image| image.labels.contains_key(IMAGE_LABEL));
    Ok(own.or(all.first()).map(|image| image.id.clone()))
}

/// Looks for an image on this Docker.
pub async fn find(session: &DockerSession, reference: &str) -> Result<Option<Image>, Failure> {
    let answer = absent(session.api().inspect_image(reference).await, reference)
        .map_err(|error| docker_failure(&format!("inspect image {reference}"), &error))?;
    Ok(answer.map(|image| {
        let config = image.config.unwrap_or_default();
        let labels = config.labels.unwrap_or_default();
        Image {
            id: image.id.unwrap_or_default(),
            ours: labels.get(IMAGE_LABEL).map(String::as_str) == Some(IMAGE_LABEL_VALUE),
            plain_k3s: is_k3s(&config.entrypoint.unwrap_or_default()),
            environment: config.env.unwrap_or_default(),
            labels,
            architecture: image.architecture.filter(|word| !word.is_empty()),
        }
    }))
}

fn is_k3s(entry_point: &[String]) -> bool {
    let program = entry_point.first().map(String::as_str).unwrap_or_default();
    program.rsplit('/').next() == Some("k3s")
}

/// The failure where an image is needed and none is named.
pub fn not_given() -> Failure {
    IMAGE_NOT_GIVEN.failure(
        "no cluster image is named, and none is persisted with this gateway",
        "name it by --image or OPENSHELL_CLUSTER_IMAGE",
    )
}

/// The failure where Docker does not have the image.
pub fn missing(reference: &str) -> Failure {
    IMAGE_MISSING.failure(
        format!("Docker does not have the image {reference}"),
        how_to_get(reference),
    )
}

/// Images of this project's own are in no registry.
fn how_to_get(reference: &str) -> String {
    if !reference.starts_with("openshell/cluster:") {
        return format!("get it: docker pull {reference}");
    }
    contract::typed_by_driver("start").map_or_else(
        || "build it: images/build in the checkout".to_owned(),
        |start| format!("{start} builds one"),
    )
}

/// What an image's reference says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The registry; empty for an image that was built on this host.
    pub registry: String,
    /// The repository below which the gateway's images are, with the registry.
    pub base: String,
    /// The tag.
    pub tag: String,
}

/// Takes an image's reference apart.
pub fn parts(reference: &str) -> Parts {
    let name = reference.split_once('@').map_or(reference, |(name, _)| name);
    let last = name.rfind('/').map_or(0, |slash| slash + 1);
    let (path, tag) = match name[last..].rfind(':') {
        Some(colon) => (&name[..last + colon], &name[last + colon + 1..]),
        None => (name, "latest"),
    };
    let base = path.rfind('/').map_or("", |slash| &path[..slash]);
    let first = base.split('/').next().unwrap_or_default();
    let registry = if first.contains(['.', ':']) || first == "localhost" {
        first
    } else {
        ""
    };
    Parts {
        registry: registry.to_owned(),
        base: base.to_owned(),
        tag: tag.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_k3s, parts};

    #[test]
    fn k3s_is_told_by_its_entry_point() {
        assert!(is_k3s(&["/bin/k3s".to_owned()]));
        for other in [&["/usr/local/bin/cluster-entrypoint.sh".to_owned()][..], &[]] {
            assert!(!is_k3s(other));
        }
    }

    #[test]
    fn reads_references() {
        for (reference, expected) in [
            ("openshell/cluster:dev", ("", "openshell", "dev")),
            ("cluster", ("", "", "latest")),
            (
                "registry.example:5000/a/b/cluster:1",
                ("registry.example:5000", "registry.example:5000/a/b", "1"),
            ),
            ("localhost/cluster@sha256:0", ("localhost", "localhost", "latest")),
            (
                "registry.example:5000/cluster",
                ("registry.example:5000", "registry.example:5000", "latest"),
            ),
        ] {
            let found = parts(reference);
            assert_eq!(
                (&*found.registry, &*found.base, &*found.tag),
                expected,
                "{reference}"
            );
        }
    }
}
