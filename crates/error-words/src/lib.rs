//! Errors of libraries in words that people read. rustls and webpki name most of their errors by Rust's Debug form, such as
//! `invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))`.
//!
//! All texts are a client's: the peer is "the server".

mod tls;

use std::error::Error;

pub use tls::{own_tls_words, pem_words, tls_words};

/// The error with all its causes, in one line and without what they repeat. If TLS failed, its cause says all there is to say.
pub fn explain(error: &(dyn Error + 'static)) -> String {
    tls_cause(error).unwrap_or_else(|| chain(error))
}

/// What TLS failed by, if that is among the causes of the error.
pub fn tls_cause(error: &(dyn Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(tls) = tls_error(cause) {
            return Some(tls_words(tls));
        }
        next = cause.source();
    }
    None
}

/// An I/O error that was made of a TLS error has it inside, and not among its causes.
fn tls_error<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    cause.downcast_ref().or_else(|| {
        let inner = cause.downcast_ref::<std::io::Error>()?.get_ref()?;
        tls_error(inner)
    })
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        let text = cause.to_string().replace('\n', " ");
        if let Some(last) = parts.last_mut().filter(|last| last.contains(&text)) {
            *last = last.trim_end_matches(&text).trim_end_matches(": ").to_owned();
        }
        parts.push(text);
        next = cause.source();
    }
    parts.retain(|part| !part.is_empty());
    parts.join(": ")
}
