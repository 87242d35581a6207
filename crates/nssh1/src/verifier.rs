//! The sandbox's side: which lines are taken.

use std::collections::{HashSet, VecDeque};

use subtle::ConstantTimeEq;

use crate::{Refusal, Secret, line};

/// More handshakes than a gateway makes within the ten minutes that a nonce is remembered by default.
const MOST_NONCES: usize = 65_536;

/// Takes each line that the secret's holder signed, once, while it is fresh.
#[derive(Debug)]
pub struct Verifier {
    secret: Secret,
    skew_seconds: u64,
    seen: HashSet<String>,
    oldest_first: VecDeque<(u64, String)>,
}

impl Verifier {
    /// `skew_seconds`: how far a line's time may be from the verifier's.
    pub fn new(secret: Secret, skew_seconds: u64) -> Self {
        Self {
            secret,
            skew_seconds,
            seen: HashSet::new(),
            oldest_first: VecDeque::new(),
        }
    }

    /// The token of a line that is taken. `line` ends with its LF; `now` is in unix seconds.
    ///
    /// Looked at in this order: form, skew, signature (in constant time), replay. A nonce is remembered for twice the
    /// skew: no line that carries it is fresh after that.
    pub fn verify<'a>(&mut self, line: &'a [u8], now: u64) -> Result<&'a str, Refusal> {
        let fields = line::parse(line)?;
        if fields.unix_seconds.abs_diff(now) > self.skew_seconds {
            return Err(Refusal::Skew);
        }
        let expected = line::signature(&self.secret, fields.token, fields.timestamp, fields.nonce);
        if !bool::from(expected.as_bytes().ct_eq(fields.signature.as_bytes())) {
            return Err(Refusal::Signature);
        }
        self.forget(now);
        if self.seen.contains(fields.nonce) {
            return Err(Refusal::Replayed);
        }
        if self.seen.len() >= MOST_NONCES {
            return Err(Refusal::Overloaded);
        }
        self.seen.insert(fields.nonce.to_owned());
        self.oldest_first.push_back((now, fields.nonce.to_owned()));
        Ok(fields.token)
    }

    fn forget(&mut self, now: u64) {
        let life = self.skew_seconds.saturating_mul(2);
        while self
            .oldest_first
            .front()
            .is_some_and(|(seen, _)| now.saturating_sub(*seen) > life)
        {
            if let Some((_, nonce)) = self.oldest_first.pop_front() {
                self.seen.remove(&nonce);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_NONCES, Verifier};
    use crate::{Refusal, Secret, sign};
    use proptest::prelude::*;

    const NOW: u64 = 1_700_000_000;
    const SKEW: u64 = 300;

    fn secret() -> Secret {
        "5".repeat(64).parse().unwrap()
    }

    fn verifier() -> Verifier {
        Verifier::new(secret(), SKEW)
    }

    fn line(time: u64, nonce: &str) -> Vec<u8> {
        sign(&secret(), "tok", time, nonce).unwrap().into_bytes()
    }

    #[test]
    fn a_fresh_line_is_taken_once() {
        let mut verifier = verifier();
        assert_eq!(verifier.verify(&line(NOW, "n"), NOW), Ok("tok"));
        assert_eq!(verifier.verify(&line(NOW, "n"), NOW), Err(Refusal::Replayed));
        assert_eq!(verifier.verify(&line(NOW, "m"), NOW), Ok("tok"));
    }

    #[test]
    fn skew_counts_both_ways_and_its_bound_is_taken() {
        for (time, outcome) in [
            (NOW - SKEW, Ok("tok")),
            (NOW + SKEW, Ok("tok")),
            (NOW - SKEW - 1, Err(Refusal::Skew)),
            (NOW + SKEW + 1, Err(Refusal::Skew)),
            (0, Err(Refusal::Skew)),
            (u64::MAX, Err(Refusal::Skew)),
        ] {
            assert_eq!(verifier().verify(&line(time, "n"), NOW), outcome, "{time}");
        }
    }

    #[test]
    fn form_comes_before_skew_and_skew_before_signature_and_signature_before_replay() {
        let mut verifier = verifier();
        let taken = line(NOW, "n");
        assert!(verifier.verify(&taken, NOW).is_ok());
        let forged = String::from_utf8(taken).unwrap().replace("tok", "kot");
        assert_eq!(verifier.verify(forged.as_bytes(), NOW), Err(Refusal::Signature));
        assert_eq!(
            verifier.verify(forged.as_bytes(), NOW + SKEW + 1),
            Err(Refusal::Skew)
        );
        assert_eq!(
            verifier.verify(forged.trim_end().as_bytes(), NOW + SKEW + 1),
            Err(Refusal::Malformed)
        );
    }

    #[test]
    fn another_secret_is_refused_and_leaves_the_nonce_unused() {
        let mut verifier = verifier();
        let foreign = sign(&"6".repeat(64).parse().unwrap(), "tok", NOW, "n").unwrap();
        assert_eq!(verifier.verify(foreign.as_bytes(), NOW), Err(Refusal::Signature));
        assert!(verifier.verify(&line(NOW, "n"), NOW).is_ok());
    }

    #[test]
    fn an_upper_case_or_shortened_signature_is_refused() {
        let text = String::from_utf8(line(NOW, "n")).unwrap();
        let (front, signature) = text.trim_end().rsplit_once(' ').unwrap();
        for signature in [
            signature.to_uppercase(),
            signature[..63].to_owned(),
            format!("{signature}0"),
        ] {
            let line = format!("{front} {signature}\n");
            assert_eq!(verifier().verify(line.as_bytes(), NOW), Err(Refusal::Signature));
        }
    }

    #[test]
    fn a_nonce_is_remembered_as_long_as_its_line_is_fresh() {
        let mut verifier = verifier();
        let ahead = line(NOW + SKEW, "n");
        assert!(verifier.verify(&ahead, NOW).is_ok());
        assert_eq!(verifier.verify(&ahead, NOW + 2 * SKEW), Err(Refusal::Replayed));
        assert_eq!(verifier.verify(&ahead, NOW + 2 * SKEW + 1), Err(Refusal::Skew));
        assert!(
            verifier
                .verify(&line(NOW + 2 * SKEW + 1, "n"), NOW + 2 * SKEW + 1)
                .is_ok()
        );
        assert_eq!(verifier.seen.len(), 1);
    }

    #[test]
    fn memory_is_bounded_and_frees_itself() {
        let mut verifier = verifier();
        for number in 0..MOST_NONCES {
            verifier.seen.insert(number.to_string());
            verifier.oldest_first.push_back((NOW, number.to_string()));
        }
        assert_eq!(verifier.verify(&line(NOW, "n"), NOW), Err(Refusal::Overloaded));
        let later = NOW + 2 * SKEW + 1;
        assert!(verifier.verify(&line(later, "n"), later).is_ok());
        assert_eq!(verifier.oldest_first.len(), 1);
    }

    proptest! {
        #[test]
        fn what_is_signed_is_taken(token in "[!-{}~]{1,200}", nonce in "[0-9a-f-]{36}", offset in 0..=2 * SKEW) {
            let time = NOW - SKEW + offset;
            let line = sign(&secret(), &token, time, &nonce).unwrap();
            prop_assert_eq!(verifier().verify(line.as_bytes(), NOW), Ok(token.as_str()));
        }

        #[test]
        fn one_changed_byte_is_refused(position in 0_usize..108, byte in any::<u8>()) {
            let mut line = line(NOW, "6f9619ff-8b86-4d01-b42d-00cf4fc964ff");
            prop_assume!(position < line.len() && line[position] != byte);
            line[position] = byte;
            prop_assert!(verifier().verify(&line, NOW).is_err());
        }

        #[test]
        fn any_bytes_are_refused_without_panic(line in proptest::collection::vec(any::<u8>(), 0..1200)) {
            prop_assert!(verifier().verify(&line, NOW).is_err());
        }
    }
}
