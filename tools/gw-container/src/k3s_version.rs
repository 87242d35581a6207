//! The version of k3s, as its program and its database name it: `v1.30.4+k3s1`.
//!
//! k3s writes its version nowhere by itself. Its program has it among its strings, and its datastore has it in each Node
//! object (`status.nodeInfo.kubeletVersion`). Both are searched as bytes.

/// Major, minor, patch, and k3s's own number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(u32, u32, u32, u32);

/// What this project's images had before they wrote their version on the volume.
pub const FIRST_VERSION: Version = Version(1, 20, 2, 0);

impl std::fmt::Display for Version {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "v{}.{}.{}", self.0, self.1, self.2)?;
        if self.3 > 0 {
            write!(formatter, "+k3s{}", self.3)?;
        }
        Ok(())
    }
}

impl Version {
    /// Is this more than one minor version later? Kubernetes is upgraded one at a time
    /// (<https://kubernetes.io/releases/version-skew-policy>).
    pub fn skips_from(self, earlier: Self) -> bool {
        (self.0, self.1) > (earlier.0, earlier.1 + 1)
    }

    /// `v1.30.4+k3s1`, or Kubernetes' own `v1.30.4`.
    pub fn parse(text: &str) -> Option<Self> {
        let (version, build) = text
            .strip_prefix('v')?
            .split_once("+k3s")
            .unwrap_or((text.strip_prefix('v')?, "0"));
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

/// Longer than any version.
const LONGEST: usize = 32;
const MARK: &[u8] = b"+k3s";

/// Searches bytes that come in parts.
#[derive(Default)]
pub struct Scanner {
    tail: Vec<u8>,
    highest: Option<Version>,
}

impl Scanner {
    /// Reads on.
    pub fn read(&mut self, part: &[u8]) {
        let mut bytes = std::mem::take(&mut self.tail);
        bytes.extend_from_slice(part);
        let mut from = 0;
        while let Some(at) = bytes[from..]
            .windows(MARK.len())
            .position(|window| window == MARK)
        {
            let at = from + at;
            self.highest = self.highest.max(version_around(&bytes, at));
            from = at + MARK.len();
        }
        let kept = bytes.len().saturating_sub(LONGEST);
        self.tail = bytes.split_off(kept);
    }

    /// The highest that was found.
    pub fn highest(self) -> Option<Version> {
        self.highest
    }
}

/// The version whose `+k3s` is at this place.
fn version_around(bytes: &[u8], at: usize) -> Option<Version> {
    let before = &bytes[at.saturating_sub(LONGEST)..at];
    let begin = before.iter().rposition(|byte| *byte == b'v')?;
    let after = &bytes[at + MARK.len()..];
    let digits = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = [&before[begin..], MARK, &after[..digits]].concat();
    Version::parse(std::str::from_utf8(&text).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scanned(parts: &[&[u8]]) -> Option<String> {
        let mut scanner = Scanner::default();
        for part in parts {
            scanner.read(part);
        }
        scanner.highest().map(|version| version.to_string())
    }

    #[test]
    fn finds_the_highest_also_where_it_is_cut() {
        assert_eq!(
            scanned(&[b"xx v1.9.10+k3s1\0v1.30.4+k3s2 v1.4+k3s1"]).unwrap(),
            "v1.30.4+k3s2"
        );
        assert_eq!(scanned(&[b"..v1.30.4", b"+k3", b"s1\0"]).unwrap(), "v1.30.4+k3s1");
        for nothing in [
            &b"v1.30.4"[..],
            b"+k3s1",
            b"v+k3s1",
            b"va.b.c+k3s1",
            b"1.2.3+k3s1",
            b"",
        ] {
            assert_eq!(scanned(&[nothing]), None, "{nothing:?}");
        }
        assert!(Version::parse("v1.20.2").unwrap() < Version::parse("v1.20.2+k3s1").unwrap());
        assert!(Version::parse("v1.9.0").unwrap() < Version::parse("v1.20.0").unwrap());
        assert_eq!(Version::parse("1.2.3"), None);
    }

    proptest! {
        #[test]
        fn never_panics_and_misses_none(mut bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..200) {
            bytes.extend_from_slice(b"v1.2.3+k3s4\0");
            let cut = cut.min(bytes.len());
            let mut scanner = Scanner::default();
            scanner.read(&bytes[..cut]);
            scanner.read(&bytes[cut..]);
            prop_assert!(scanner.highest() >= Version::parse("v1.2.3+k3s4"));
        }
    }
}
