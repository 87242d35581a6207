//! What a tool asked Docker.

use std::io::{Error, ErrorKind, Read};

/// One call, as the proxy saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// GET, POST, PUT, DELETE and the like.
    pub method: String,
    /// The path without version and query.
    pub path: String,
}

impl Call {
    /// Is it a call that changes something?
    pub fn is_write(&self) -> bool {
        self.method != "GET" && self.method != "HEAD"
    }
}

/// A call and what was read of it: head, then as much of the body as came with it.
pub struct Request {
    pub call: Call,
    pub bytes: Vec<u8>,
    /// Bytes of the body that are still to come.
    pub missing: usize,
}

impl Request {
    /// Reads up to the end of the head.
    pub fn read(stream: &mut impl Read) -> Result<Self, Error> {
        let mut bytes = Vec::new();
        let mut part = [0; 8192];
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            match stream.read(&mut part)? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                count => bytes.extend_from_slice(&part[..count]),
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut words = head.split_whitespace();
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default();
        let path = target.split('?').next().unwrap_or_default();
        let path = match path.strip_prefix("/v1.").and_then(|rest| rest.split_once('/')) {
            Some((_, rest)) => format!("/{rest}"),
            None => path.to_owned(),
        };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().ok())?
        });
        let missing = length.unwrap_or(0_usize).saturating_sub(bytes.len() - end);
        Ok(Self {
            call: Call { method, path },
            bytes,
            missing,
        })
    }
}
