//! A Secret exists and holds values. No value is ever shown.

use contract::{Context, Failure};
use futures_util::StreamExt;
use k8s_openapi::api::core::v1::Secret;
use kube_session::{HeldSecret, Session};

use crate::flags::SecretFlags;
use crate::report::{CauseField, Report, begin};
use crate::watched::{self, Verdict};

/// Returns once the Secret has a value for each key.
pub async fn wait(flags: &SecretFlags, context: &Context<Report>) -> Result<(), Failure> {
    let session = Session::open(context).await?;
    begin(context, "secret", format!("{}/{}", session.namespace, flags.name));
    let states = watched::object(session.namespaced::<Secret>(), &flags.name).boxed();
    let words = (
        &*format!("secret {}", flags.name),
        "gw-sshsecret and gw-pki make a gateway's Secrets; --namespace names another namespace",
    );
    watched::until(&session, context, states, words, |found| {
        judge(&flags.key, found.map(HeldSecret::from))
    })
    .await
}

fn judge(keys: &[String], found: Option<HeldSecret>) -> Verdict {
    let Some(secret) = found else {
        return Verdict::NotYet(CauseField::new("absent", "it does not exist"));
    };
    let is_empty = |key: &&String| secret.value(key).is_none_or(<[u8]>::is_empty);
    match keys.iter().find(is_empty) {
        Some(key) => Verdict::NotYet(CauseField::new(
            "key_missing",
            format!("it has no value for {key}"),
        )),
        None if keys.is_empty() => Verdict::Holds("it exists".to_owned()),
        None => Verdict::Holds(format!("it holds {}", keys.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_must_have_a_value() {
        let secret: Secret =
            serde_json::from_value(serde_json::json!({"data": {"full": "eA==", "empty": ""}})).unwrap();
        let verdict = |keys: &[&str]| {
            let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
            judge(&keys, Some(HeldSecret::from(secret.clone())))
        };
        assert!(matches!(verdict(&[]), Verdict::Holds(_)));
        assert!(matches!(verdict(&["full"]), Verdict::Holds(text) if text == "it holds full"));
        for missing in ["empty", "none"] {
            assert!(
                matches!(verdict(&["full", missing]), Verdict::NotYet(cause) if cause.word == "key_missing")
            );
        }
        assert!(matches!(judge(&[], None), Verdict::NotYet(cause) if cause.word == "absent"));
    }
}
