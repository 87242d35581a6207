//! A look at an existing volume before a container is made on it: the node's name that it knows, what our tools wrote on it,
//! and whether the image may open it.

use container_files::{exists, file, fold};
use contract::Failure;
use docker_images::{Image, KUBERNETES_LABEL, any};
use docker_session::DockerSession;
use gateway_facts::{Facts, node_in_certificate};
use gateway_names::{
    FIRST_VERSION, KUBELET_CERTIFICATE, KUBERNETES_VERSION, KubernetesVersion, RESTORE_MARK, VOLUME_PATH,
};
use gateway_work::Work;
use helper_container::{Helper, Volume};

use crate::memory::Memory;
use crate::observe::k3s_version::Scanner;
use crate::plan::datastore::{self, Brings, Datastore, Kind, Written};
use crate::reasons::RESTORE_INCOMPLETE;

/// Where k3s's images have their program.
const K3S: &str = "/bin/k3s";

/// What is on the volume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The node's name, from the kubelet's certificate.
    pub node_name: Option<String>,
    /// What our tools wrote.
    pub memory: Option<Memory>,
    /// The datastores, and what wrote them.
    pub written: Written,
}

/// Looks through the container that is there; else through a helper, which any image is good for.
/// `None` without a volume, and where a dry run could not look: it says so.
pub async fn look(work: &Work, facts: &Facts, image: Option<&str>) -> Result<Option<Look>, Failure> {
    if let Some(container) = facts.present() {
        return through(work, &container.id).await.map(Some);
    }
    if facts.volume.is_none() {
        return Ok(None);
    }
    let unseen = |why: &str| {
        work.warn(format!(
            "what volume {} holds could not be looked at, so the node's name and whether the image fits are not known: {why}",
            work.gateway.resource()
        ));
    };
    let image = match image {
        Some(image) => Some(image.to_owned()),
        None => any(&work.session).await?,
    };
    let Some(image) = image else {
        if work.dry_run {
            unseen("Docker has no image to look with");
        }
        return Ok(None);
    };
    match through_helper(work, &image).await {
        Err(failure) if work.dry_run && matches!(failure.reason, "docker_conflict" | "docker_error") => {
            unseen(&failure.message);
            Ok(None)
        }
        ended => ended.map(Some),
    }
}

/// This project's image writes its version on the volume. Those before it did not, and had Kubernetes 1.20.
async fn version_of_own(work: &Work, container: &str) -> Result<KubernetesVersion, Failure> {
    let path = format!("{VOLUME_PATH}/{KUBERNETES_VERSION}");
    let text = file(&work.session, container, &path).await?;
    let read = text.and_then(|text| KubernetesVersion::parse(String::from_utf8(text).ok()?.trim()));
    Ok(read.unwrap_or(FIRST_VERSION))
}

async fn through_helper(work: &Work, image: &str) -> Result<Look, Failure> {
    let helper = Helper::make(work, image, Volume::Read).await?;
    let found = through(work, &helper.id).await;
    helper.remove(work, found).await
}

async fn through(work: &Work, container: &str) -> Result<Look, Failure> {
    let mark = file(&work.session, container, &format!("{VOLUME_PATH}/{RESTORE_MARK}")).await?;
    if mark.is_some_and(|mark| mark.is_empty()) {
        return Err(RESTORE_INCOMPLETE.failure(
            format!(
                "a restore of volume {} did not end: it is not whole",
                work.gateway.resource()
            ),
            format!(
                "restore it again: {} --gateway {}",
                contract::typed("gw-backup restore FILE --yes"),
                work.gateway
            ),
        ));
    }
    let certificate = format!("{VOLUME_PATH}/{KUBELET_CERTIFICATE}");
    let certificate = file(&work.session, container, &certificate).await?;
    let memory = Memory::read(&work.session, container).await?;
    let mut written = Written {
        last: memory.as_ref().and_then(|memory| memory.datastore),
        version: memory
            .as_ref()
            .and_then(|memory| KubernetesVersion::parse(memory.kubernetes.as_deref()?)),
        datastores: Vec::new(),
    };
    for (datastore, path) in Datastore::ALL {
        if exists(&work.session, container, &format!("{VOLUME_PATH}/{path}")).await? {
            written.datastores.push(datastore);
        }
    }
    if written.datastores == [Datastore::OpenshellEtcd] {
        written.version = Some(version_of_own(work, container).await?);
    }
    Ok(Look {
        node_name: certificate.as_deref().and_then(node_in_certificate),
        memory,
        written,
    })
}

/// What the image brings. `volume_image_mismatch` where it may not open the volume. An image that the volume's container
/// has already, and a volume without a datastore, need no look.
pub async fn check(
    work: &Work,
    facts: &Facts,
    look: &Look,
    image: &Image,
    name: &str,
) -> Result<Brings, Failure> {
    let mut brings = brought_by(image);
    let same = facts
        .present()
        .is_some_and(|container| container.image_id == image.id);
    if same || look.written.datastores.is_empty() {
        return Ok(brings);
    }
    if brings.kind == Kind::Unknown {
        let helper = Helper::make(work, &image.id, Volume::None).await?;
        let found = k3s_in(work, &helper.id).await;
        if let Some(k3s) = helper.remove(work, found).await? {
            brings = k3s;
        }
    }
    let mut written = look.written.clone();
    if written.version.is_none() && brings.kind == Kind::K3s {
        written.version = version_on(work, facts, image).await?;
    }
    datastore::check(&work.gateway.resource(), &written, name, brings)?;
    Ok(brings)
}

fn brought_by(image: &Image) -> Brings {
    let kind = if image.ours {
        Kind::Openshell
    } else {
        Kind::Unknown
    };
    let version = image
        .labels
        .get(KUBERNETES_LABEL)
        .and_then(|text| KubernetesVersion::parse(text));
    Brings { kind, version }
}

async fn k3s_in(work: &Work, container: &str) -> Result<Option<Brings>, Failure> {
    if !exists(&work.session, container, K3S).await? {
        return Ok(None);
    }
    let version = highest_version(&work.session, container, K3S).await?;
    Ok(Some(Brings {
        kind: Kind::K3s,
        version,
    }))
}

/// The version of k3s that last wrote the volume, from its database.
async fn version_on(work: &Work, facts: &Facts, image: &Image) -> Result<Option<KubernetesVersion>, Failure> {
    let path = format!("{VOLUME_PATH}/server/db");
    match facts.present() {
        Some(container) => highest_version(&work.session, &container.id, &path).await,
        None => {
            let helper = Helper::make(work, &image.id, Volume::Read).await?;
            let found = highest_version(&work.session, &helper.id, &path).await;
            helper.remove(work, found).await
        }
    }
}

/// The highest version of k3s that is named anywhere in what is at this path.
async fn highest_version(
    session: &DockerSession,
    container: &str,
    path: &str,
) -> Result<Option<KubernetesVersion>, Failure> {
    let scanned = fold(
        session,
        container,
        path,
        Scanner::default(),
        |mut scanner, part| {
            scanner.read(part);
            scanner
        },
    );
    Ok(scanned.await?.and_then(Scanner::highest))
}
