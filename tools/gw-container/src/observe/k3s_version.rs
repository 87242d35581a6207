//! The version of k3s, found in its program or its database.
//!
//! k3s writes its version nowhere by itself. Its program has it among its strings, and its datastore has it in each Node
//! object (`status.nodeInfo.kubeletVersion`). Both are searched as bytes.

use gateway_names::KubernetesVersion;

/// Longer than any version.
const LONGEST: usize = 32;
const MARK: &[u8] = b"+k3s";

/// Searches bytes that come in parts.
#[derive(Default)]
pub struct Scanner {
    tail: Vec<u8>,
    highest: Option<KubernetesVersion>,
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
    pub fn highest(self) -> Option<KubernetesVersion> {
        self.highest
    }
}

/// The version whose `+k3s` is at this place.
fn version_around(bytes: &[u8], at: usize) -> Option<KubernetesVersion> {
    let before = &bytes[at.saturating_sub(LONGEST)..at];
    let begin = before.iter().rposition(|byte| *byte == b'v')?;
    let after = &bytes[at + MARK.len()..];
    let digits = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = [&before[begin..], MARK, &after[..digits]].concat();
    KubernetesVersion::parse(std::str::from_utf8(&text).ok()?)
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
    }

    proptest! {
        #[test]
        fn never_panics_and_misses_none(mut bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..200) {
            bytes.extend_from_slice(b"v1.2.3+k3s4\0");
            let cut = cut.min(bytes.len());
            let mut scanner = Scanner::default();
            scanner.read(&bytes[..cut]);
            scanner.read(&bytes[cut..]);
            prop_assert!(scanner.highest() >= KubernetesVersion::parse("v1.2.3+k3s4"));
        }
    }
}
