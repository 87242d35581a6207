//! Secrets: read, created where they are absent, replaced only in the version that was read.

use std::collections::BTreeMap;
use std::fmt;

use contract::Failure;
use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ObjectMeta};
use kube::api::PostParams;
use zeroize::Zeroize;

use crate::{Session, Trouble};

/// Annotation of a Secret: when its values were last replaced.
const WRITTEN_AT: &str = "dev.openshell.gateway/written-at";

/// A Secret in memory. Its values are wiped when it is dropped, and `Debug` shows none of them.
pub struct HeldSecret(Secret);

/// What came of writing a Secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// The API server holds these values, by this request.
    Done,
    /// Somebody else wrote first: read again and decide anew.
    Overtaken,
}

impl HeldSecret {
    /// The value of a key, where there is one.
    pub fn value(&self, key: &str) -> Option<&[u8]> {
        self.0.data.as_ref()?.get(key).map(|value| value.0.as_slice())
    }

    /// Every key with its value.
    pub fn values(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let values = self.0.data.iter().flatten();
        values.map(|(key, value)| (key.as_str(), value.0.as_slice()))
    }

    /// The Secret's type, such as `Opaque` or `kubernetes.io/tls`.
    pub fn secret_type(&self) -> &str {
        self.0.type_.as_deref().unwrap_or("Opaque")
    }

    /// Does Kubernetes refuse to change it?
    pub fn is_immutable(&self) -> bool {
        self.0.immutable == Some(true)
    }

    /// Is this the very object, unchanged since that was read?
    pub fn is_unchanged_since(&self, read: &Self) -> bool {
        let version = |secret: &Self| {
            let metadata = &secret.0.metadata;
            (metadata.uid.clone(), metadata.resource_version.clone())
        };
        version(self) == version(read)
    }

    /// When it was created, by the API server's clock.
    pub fn created_at(&self) -> Option<Timestamp> {
        self.0.metadata.creation_timestamp.as_ref().map(|time| time.0)
    }

    /// When its values were last written. API servers before Kubernetes 1.26 note only when a writer first wrote a field, so
    /// that [`Session::replace_secret`] notes it, too.
    pub fn changed_at(&self) -> Option<Timestamp> {
        let fields = self.0.metadata.managed_fields.iter().flatten();
        // A label that somebody sets is no change of its values.
        let concerns_values = |fields: &FieldsV1| fields.0.get("f:data").is_some();
        let annotations = self.0.metadata.annotations.as_ref();
        let noted = annotations.and_then(|annotations| annotations.get(WRITTEN_AT)?.parse().ok());
        fields
            .filter(|entry| entry.fields_v1.as_ref().is_none_or(concerns_values))
            .filter_map(|entry| entry.time.as_ref())
            .map(|time| time.0)
            .chain(self.created_at())
            .chain(noted)
            .max()
    }

    fn holds(&self, values: &[(&str, &[u8])]) -> bool {
        values.iter().all(|(key, value)| self.value(key) == Some(*value))
    }

    /// The same Secret with other values for these keys; the rest of it stays.
    fn with(&self, values: &[(&str, &[u8])]) -> Self {
        let mut changed = self.0.clone();
        let annotations = changed.metadata.annotations.get_or_insert_default();
        annotations.insert(WRITTEN_AT.to_owned(), next_second(Timestamp::now()).to_string());
        let data = changed.data.get_or_insert_default();
        for (key, value) in values {
            if let Some(mut old) = data.insert((*key).to_owned(), ByteString(value.to_vec())) {
                old.0.zeroize();
            }
        }
        Self(changed)
    }
}

impl From<Secret> for HeldSecret {
    fn from(secret: Secret) -> Self {
        Self(secret)
    }
}

impl Drop for HeldSecret {
    fn drop(&mut self) {
        for value in self.0.data.iter_mut().flat_map(BTreeMap::values_mut) {
            value.0.zeroize();
        }
    }
}

impl fmt::Debug for HeldSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.0.data.iter().flat_map(BTreeMap::keys).collect();
        formatter
            .debug_struct("HeldSecret")
            .field("name", &self.0.metadata.name)
            .field("keys", &keys)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// The Secret, or `None` where its absence is proven.
    pub async fn read_secret(&self, name: &str) -> Result<Option<HeldSecret>, Failure> {
        let found = self.get(&self.namespaced::<Secret>(), name).await?;
        Ok(found.map(HeldSecret))
    }

    /// Creates the Secret. One that exists is never changed: [`Written::Overtaken`], unless it holds these very values,
    /// as after an answer that was lost on its way.
    pub async fn create_secret(
        &self,
        name: &str,
        secret_type: &str,
        values: &[(&str, &[u8])],
    ) -> Result<Written, Failure> {
        let data = values
            .iter()
            .map(|(key, value)| ((*key).to_owned(), ByteString(value.to_vec())))
            .collect();
        let secret = HeldSecret(Secret {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                namespace: Some(self.namespace.clone()),
                ..ObjectMeta::default()
            },
            type_: Some(secret_type.to_owned()),
            data: Some(data),
            ..Secret::default()
        });
        let api = self.namespaced::<Secret>();
        let parameters = PostParams::default();
        let what = format!("the API server to create Secret {name}");
        let exists = |trouble| (trouble == Trouble::Exists).then_some(());
        let send = || api.create(&parameters, &secret.0);
        self.write(&what, name, values, send, exists).await
    }

    /// Gives these keys of the Secret these values, provided that nobody has changed it since it was read.
    pub async fn replace_secret(
        &self,
        read: &HeldSecret,
        values: &[(&str, &[u8])],
    ) -> Result<Written, Failure> {
        let name = read.0.metadata.name.clone().unwrap_or_default();
        let changed = read.with(values);
        let api = self.namespaced::<Secret>();
        let parameters = PostParams::default();
        let what = format!("the API server to replace Secret {name}");
        let changed_meanwhile =
            |trouble| matches!(trouble, Trouble::Conflict | Trouble::Absent).then_some(());
        let send = || api.replace(&name, &parameters, &changed.0);
        self.write(&what, &name, values, send, changed_meanwhile).await
    }

    async fn write<F>(
        &self,
        what: &str,
        name: &str,
        values: &[(&str, &[u8])],
        mut send: impl FnMut() -> F,
        is_overtaken: impl Fn(Trouble) -> Option<()>,
    ) -> Result<Written, Failure>
    where
        F: Future<Output = Result<Secret, kube::Error>>,
    {
        let mut sent = 0;
        let counted = || {
            sent += 1;
            send()
        };
        if let Ok(made) = self.request(what, name, counted, is_overtaken).await? {
            drop(HeldSecret(made));
            return Ok(Written::Done);
        }
        // Refused at the first attempt, it was somebody else. Later, it may have been the attempt whose answer was lost.
        let present = if sent > 1 {
            self.read_secret(name).await?
        } else {
            None
        };
        Ok(if present.is_some_and(|secret| secret.holds(values)) {
            Written::Done
        } else {
            Written::Overtaken
        })
    }
}

/// The API server gives times in whole seconds: what it made in the second of a write may be older than the write.
fn next_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second() + 1).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held() -> HeldSecret {
        let data = [("kept".to_owned(), ByteString(b"plain-value".to_vec()))];
        HeldSecret(Secret {
            data: Some(data.into()),
            ..Secret::default()
        })
    }

    #[test]
    fn debug_shows_keys_and_no_value() {
        let shown = format!("{:?}", held());
        assert!(
            shown.contains("kept") && !shown.contains("plain-value"),
            "{shown}"
        );
        let encoded = serde_json::to_string(&held().0).unwrap();
        let encoded = encoded.split('"').find(|word| word.ends_with('=')).unwrap();
        assert!(!shown.contains(encoded));
    }

    #[test]
    fn the_last_of_its_writers_tells_when_it_changed() {
        let secret: Secret = serde_json::from_value(serde_json::json!({ "metadata": {
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "managedFields": [
                { "time": "2026-01-03T00:00:00Z" }, { "time": "2026-01-02T00:00:00Z" }, {},
                { "time": "2026-01-09T00:00:00Z", "fieldsV1": { "f:metadata": {} } },
            ],
        } }))
        .unwrap();
        let held = HeldSecret(secret);
        assert_eq!(held.changed_at(), "2026-01-03T00:00:00Z".parse().ok());
        assert_eq!(held.created_at(), "2026-01-01T00:00:00Z".parse().ok());
        let before = Timestamp::now();
        assert!(
            held.with(&[]).changed_at() > Some(before),
            "a replacement is noted"
        );
    }

    #[test]
    fn other_keys_stay() {
        let changed = held().with(&[("new", b"1")]);
        assert!(changed.holds(&[("kept", b"plain-value"), ("new", b"1")]));
        assert!(!changed.holds(&[("new", b"2")]) && !held().holds(&[("new", b"1")]));
    }
}
