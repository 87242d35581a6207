//! Documents and logs without what may be a secret, for somebody else's eyes. The tools' documents have none by contract; this also takes out
//! what was put into the container's environment and arguments on purpose, and whatever has a secret's form in a log.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value;

/// Fields whose items are NAME=VALUE, where the value is somebody's own.
const NAMED_VALUES: [&str; 2] = ["environment", "k3s_args"];

/// A form, and what stands in its place.
static FORMS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (
            r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)",
            "[private key]",
        ),
        (r"(?m)^[ \t]*[A-Za-z0-9+/]{48,}={0,2}[ \t]*$", "[base64]"),
        (r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+)*", "[token]"),
        (r"((?i)bearer|basic) +[A-Za-z0-9+/_.=-]{8,}", "${1} [token]"),
        (r#"://[^/@\s"]+@"#, "://[user]@"),
        (
            r#"((?i)[a-z_-]*(?:token|password|passwd|secret|api_?key)[a-z_-]*)=[^\s"]+"#,
            "${1}=[value]",
        ),
    ]
    .map(|(form, place)| (Regex::new(form).expect("a form"), place))
    .into()
});
static HEX_DIGITS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("(sha256:)?[0-9a-fA-F]{64,}").expect("a form"));

/// A text without them.
pub fn redacted_text(text: &str) -> String {
    let mut text = text.to_owned();
    for (form, place) in FORMS.iter() {
        text = form.replace_all(&text, *place).into_owned();
    }
    // Digests say so themselves.
    let digits = |found: &Captures<'_>| match found.get(1) {
        Some(_) => found[0].to_owned(),
        None => "[hex digits]".to_owned(),
    };
    HEX_DIGITS.replace_all(&text, digits).into_owned()
}

/// A document without them.
pub fn redacted(document: Value) -> Value {
    match document {
        Value::String(text) => redacted_text(&text).into(),
        Value::Array(items) => items.into_iter().map(redacted).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| {
                let value = match value {
                    Value::Array(items) if NAMED_VALUES.contains(&name.as_str()) => {
                        items.into_iter().map(without_value).collect()
                    }
                    other => redacted(other),
                };
                (name, value)
            })
            .collect(),
        other => other,
    }
}

fn without_value(item: Value) -> Value {
    let named = item.as_str().and_then(|text| text.split_once('='));
    match named {
        Some((name, _)) => format!("{name}=[value]").into(),
        None => redacted(item),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_has_the_form_of_a_secret_goes_and_the_rest_stays() {
        let hex = "0123456789abcdef".repeat(4);
        let base64 = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2w=";
        for (text, expected) in [
            ("a pod is not ready".to_owned(), "a pod is not ready".to_owned()),
            (
                "before -----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY----- after".to_owned(),
                "before [private key] after".to_owned(),
            ),
            (
                "-----BEGIN PRIVATE KEY-----\ncut off".to_owned(),
                "[private key]".to_owned(),
            ),
            (format!("one\n  {base64}\ntwo"), "one\n[base64]\ntwo".to_owned()),
            (
                "token eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWIifQ.c2ln!".to_owned(),
                "token [token]!".to_owned(),
            ),
            (
                "authorization: Bearer abcdefgh12345".to_owned(),
                "authorization: Bearer [token]".to_owned(),
            ),
            (format!("x {hex} y"), "x [hex digits] y".to_owned()),
            (format!("sha256:{hex}"), format!("sha256:{hex}")),
            (
                "https://me:word@host/p".to_owned(),
                "https://[user]@host/p".to_owned(),
            ),
            (
                "DB_PASSWORD=hunter2 --api-key=k apikey=k".to_owned(),
                "DB_PASSWORD=[value] --api-key=k apikey=[value]".to_owned(),
            ),
        ] {
            assert_eq!(redacted_text(&text), expected);
        }
    }

    #[test]
    fn values_that_people_gave_go_whatever_form_they_have() {
        let document = json!({ "spec": { "environment": ["A=b\nc", "D"], "k3s_args": ["--token=x"], "ports": [1] }, "list": ["A=b"] });
        assert_eq!(
            redacted(document),
            json!({ "spec": { "environment": ["A=[value]", "D"], "k3s_args": ["--token=[value]"], "ports": [1] }, "list": ["A=b"] })
        );
    }
}
