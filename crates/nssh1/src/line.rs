//! The line of a handshake: written by the gateway, taken apart by the sandbox.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{LONGEST_LINE, Refusal, Secret};

const PROTOCOL: &str = "NSSH1";

/// The fields of a line, as they stand in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fields<'a> {
    pub token: &'a str,
    pub timestamp: &'a str,
    pub unix_seconds: u64,
    pub nonce: &'a str,
    pub signature: &'a str,
}

/// The line that opens a handshake, LF included. `nonce` is to be a new version 4 UUID each time.
///
/// [`Refusal::Malformed`] where token or nonce is empty or has a character that cannot stand in a field (anything but
/// visible ASCII, and `|`, which separates what is signed), [`Refusal::TooLong`] where the line would be too long.
pub fn sign(secret: &Secret, token: &str, unix_seconds: u64, nonce: &str) -> Result<String, Refusal> {
    if !is_field(token) || !is_field(nonce) {
        return Err(Refusal::Malformed);
    }
    let timestamp = unix_seconds.to_string();
    let signature = signature(secret, token, &timestamp, nonce);
    let line = format!("{PROTOCOL} {token} {timestamp} {nonce} {signature}\n");
    if line.len() > LONGEST_LINE {
        Err(Refusal::TooLong)
    } else {
        Ok(line)
    }
}

/// The signature of the three fields: 64 lower-case hex characters.
pub(crate) fn signature(secret: &Secret, token: &str, timestamp: &str, nonce: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).expect("HMAC takes any key");
    mac.update(format!("{token}|{timestamp}|{nonce}").as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// Takes a line apart. The signature is not looked at.
pub(crate) fn parse(line: &[u8]) -> Result<Fields<'_>, Refusal> {
    if line.len() > LONGEST_LINE {
        return Err(Refusal::TooLong);
    }
    let text = line
        .strip_suffix(b"\n")
        .and_then(|text| std::str::from_utf8(text).ok())
        .ok_or(Refusal::Malformed)?;
    let fields: Vec<&str> = text.split(' ').collect();
    let [PROTOCOL, token, timestamp, nonce, signature] = fields[..] else {
        return Err(Refusal::Malformed);
    };
    let digits = timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let unix_seconds = timestamp
        .parse()
        .ok()
        .filter(|_| digits)
        .ok_or(Refusal::Malformed)?;
    if is_field(token) && is_field(nonce) && is_field(signature) {
        Ok(Fields {
            token,
            timestamp,
            unix_seconds,
            nonce,
            signature,
        })
    } else {
        Err(Refusal::Malformed)
    }
}

fn is_field(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'|')
}

#[cfg(test)]
mod tests {
    use super::{parse, sign};
    use crate::{LONGEST_LINE, Refusal, Secret};

    const NONCE: &str = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff";

    fn secret() -> Secret {
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
            .parse()
            .unwrap()
    }

    #[test]
    fn signs_as_another_implementation_does() {
        // printf 'tok|1700000000|6f9619ff-8b86-4d01-b42d-00cf4fc964ff' | openssl dgst -sha256 -hmac SECRET
        let expected = "aa6054a4dcf690704c0763beec6e1d32481d38e74702279b131697df276c6042";
        let line = sign(&secret(), "tok", 1_700_000_000, NONCE).unwrap();
        assert_eq!(line, format!("NSSH1 tok 1700000000 {NONCE} {expected}\n"));
    }

    #[test]
    fn refuses_to_sign_what_would_be_read_otherwise() {
        for token in ["", "two words", "a|b", "line\nfeed", "\u{e4}"] {
            assert_eq!(
                sign(&secret(), token, 1, NONCE),
                Err(Refusal::Malformed),
                "{token:?}"
            );
            assert_eq!(
                sign(&secret(), "tok", 1, token),
                Err(Refusal::Malformed),
                "{token:?}"
            );
        }
        assert_eq!(
            sign(&secret(), &"a".repeat(LONGEST_LINE), 1, NONCE),
            Err(Refusal::TooLong)
        );
    }

    #[test]
    fn takes_only_the_form_that_the_protocol_names() {
        assert_eq!(parse(b"NSSH1 t 1 n s\n").unwrap().unix_seconds, 1);
        let bad: [&[u8]; 16] = [
            b"",
            b"\n",
            b"NSSH1 t 1 n s",
            b"NSSH1 t 1 n s\r\n",
            b"NSSH1 t 1 n s\n\n",
            b"NSSH1 t 1 n\n",
            b"NSSH1 t 1 n s x\n",
            b"NSSH1  t 1 n s\n",
            b"NSSH1 t 1 n s \n",
            b"nssh1 t 1 n s\n",
            b"NSSH2 t 1 n s\n",
            b"NSSH1 t +1 n s\n",
            b"NSSH1 t -1 n s\n",
            b"NSSH1 t 99999999999999999999 n s\n",
            b"NSSH1 t|1 1 n s\n",
            b"NSSH1 \xff 1 n s\n",
        ];
        for line in bad {
            assert_eq!(
                parse(line),
                Err(Refusal::Malformed),
                "{}",
                String::from_utf8_lossy(line)
            );
        }
    }

    #[test]
    fn the_longest_line_is_taken_and_one_byte_more_is_not() {
        let frame = "NSSH1  1 n s\n".len();
        let line = |length: usize| format!("NSSH1 {} 1 n s\n", "t".repeat(length - frame));
        assert!(parse(line(LONGEST_LINE).as_bytes()).is_ok());
        assert_eq!(parse(line(LONGEST_LINE + 1).as_bytes()), Err(Refusal::TooLong));
    }
}
