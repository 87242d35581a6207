//! Versions of Kubernetes, as its programs name them (`v1.35.4`), and k3s's (`v1.30.4+k3s1`), and which of them opens whose data.

/// Major, minor, patch, and k3s's own number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KubernetesVersion(u32, u32, u32, u32);

/// What this project's images had before they wrote their version on the volume.
pub const FIRST_VERSION: KubernetesVersion = KubernetesVersion(1, 20, 2, 0);

impl std::fmt::Display for KubernetesVersion {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "v{}.{}.{}", self.0, self.1, self.2)?;
        if self.3 > 0 {
            write!(formatter, "+k3s{}", self.3)?;
        }
        Ok(())
    }
}

impl KubernetesVersion {
    /// May this open what `wrote` has written? The same minor version may, and the next: Kubernetes is upgraded one at a time, and
    /// reads nothing that a later one wrote (<https://kubernetes.io/releases/version-skew-policy>).
    pub fn opens(self, wrote: Self) -> bool {
        !self.skips_from(wrote) && !self.is_before(wrote)
    }

    /// Is this more than one minor version later?
    pub fn skips_from(self, earlier: Self) -> bool {
        (self.0, self.1) > (earlier.0, earlier.1 + 1)
    }

    /// Is this of an earlier minor version?
    pub fn is_before(self, later: Self) -> bool {
        (self.0, self.1) < (later.0, later.1)
    }

    /// Reads `v1.30.4+k3s1`, or Kubernetes' own `v1.30.4`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('v')?;
        let (version, build) = text.split_once("+k3s").unwrap_or((text, "0"));
        let mut numbers = version.split('.').map(|part| part.parse().ok());
        let parsed = Self(
            numbers.next()??,
            numbers.next()??,
            numbers.next()??,
            build.parse().ok()?,
        );
        numbers.next().is_none().then_some(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::KubernetesVersion;

    fn version(text: &str) -> KubernetesVersion {
        KubernetesVersion::parse(text).unwrap()
    }

    #[test]
    fn versions_are_compared_by_number() {
        assert!(version("v1.20.2") < version("v1.20.2+k3s1"));
        assert!(version("v1.9.0") < version("v1.20.0"));
        for nothing in ["1.2.3", "v1.2", "v1.2.3.4", "va.b.c", ""] {
            assert_eq!(KubernetesVersion::parse(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn data_is_opened_by_its_own_minor_version_and_by_the_next() {
        for (wrote, own, opens) in [
            ("v1.34.9", "v1.35.0", true),
            ("v1.35.9", "v1.35.0", true),
            ("v1.33.9", "v1.35.0", false),
            ("v1.36.0", "v1.35.9", false),
            ("v1.20.2", "v1.35.9", false),
        ] {
            assert_eq!(version(own).opens(version(wrote)), opens, "{own} on {wrote}");
        }
    }
}
