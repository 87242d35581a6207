//! Which Kubernetes wrote the volume, and whether this image's opens it.

use std::fs;

use anyhow::{Context, bail};
use gateway_names::KubernetesVersion;

use crate::{certificates, layout};

/// Refuses a volume that this image cannot open; else writes its own version down. Nothing on a refused volume is changed.
pub fn claim() -> anyhow::Result<()> {
    let own = fs::read_to_string(layout::OWN_VERSION).context(layout::OWN_VERSION)?;
    let own = own.trim();
    let path = layout::data(gateway_names::KUBERNETES_VERSION);
    let written = match fs::read_to_string(&path) {
        Ok(text) => Some(text.trim().to_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).context(gateway_names::KUBERNETES_VERSION),
    };
    let has_data = layout::data("server/db/openshell-etcd/member").exists();
    if let Some(why) = refusal(written.as_deref(), has_data, own) {
        bail!("volume_too_old: {why}; next: gw-backup create FILE, which starts nothing on the volume");
    }
    if written.as_deref() != Some(own) {
        certificates::write_private(&path, format!("{own}\n").as_bytes())?;
    }
    Ok(())
}

/// Why the volume is not for this image. The images before this one wrote no version; they had Kubernetes 1.20.
fn refusal(written: Option<&str>, has_data: bool, own: &str) -> Option<String> {
    if !has_data {
        return None;
    }
    let Some(written) = written else {
        return Some(format!(
            "the volume was written by an image with Kubernetes 1.20, and this one has {own}"
        ));
    };
    let fits = match (KubernetesVersion::parse(written), KubernetesVersion::parse(own)) {
        (Some(wrote), Some(own)) => own.opens(wrote),
        _ => written == own,
    };
    (!fits).then(|| format!("the volume was written by Kubernetes {written}, and this image has {own}"))
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[test]
    fn a_volume_that_this_image_cannot_open_is_refused() {
        for (written, has_data, fits) in [
            (None, false, true),
            (None, true, false),
            (Some("v1.35.4"), true, true),
            (Some("v1.35.9"), true, true),
            (Some("v1.34.1"), true, true),
            (Some("v1.33.1"), true, false),
            (Some("v1.36.0"), true, false),
            (Some("garbage"), true, false),
        ] {
            assert_eq!(
                refusal(written, has_data, "v1.35.4").is_none(),
                fits,
                "{written:?} {has_data}"
            );
        }
    }
}
