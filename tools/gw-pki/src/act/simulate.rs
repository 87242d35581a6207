//! What `--dry-run` tells: the steps of a run, carried out in memory alone.

use client_files::BundleContent;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta, Time};
use kube_session::HeldSecret;

use super::content::Values;
use crate::observe::Observed;
use crate::plan::step::Step;

impl Observed {
    /// What a step leaves: its Secret, or the bundle, with these values. `now` is in seconds since 1970.
    pub fn after(&mut self, step: Step, values: &Values, now: i64) {
        if step == Step::WriteBundle {
            let value = |wanted| {
                let found = values.iter().find(|(key, _)| *key == wanted);
                found.map(|(_, value)| value.to_vec()).unwrap_or_default()
            };
            self.bundle = Some(BundleContent {
                ca: value("ca.crt"),
                certificate: value("tls.crt"),
                key: value("tls.key"),
            });
            self.bundle_is_open = false;
            return;
        }
        let written = written(step.observed(self), step, values, now);
        let place = match step {
            Step::MakeAuthority | Step::NoteRetiring | Step::ForgetRetired => &mut self.authority,
            Step::WriteClientCa => &mut self.client_ca,
            Step::IssueServer => &mut self.server,
            Step::IssueClient | Step::WriteClientTrust | Step::WriteBundle => &mut self.client,
        };
        *place = Some(written);
    }
}

fn written(before: Option<&HeldSecret>, step: Step, values: &Values, now: i64) -> HeldSecret {
    let mut data: std::collections::BTreeMap<String, ByteString> = before
        .map(HeldSecret::values)
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.to_owned(), ByteString(value.to_vec())))
        .collect();
    data.extend(
        values
            .iter()
            .map(|(key, value)| ((*key).to_owned(), ByteString(value.to_vec()))),
    );
    let time = jiff::Timestamp::from_second(now).ok().map(Time);
    let created = before.and_then(HeldSecret::created_at).map(Time);
    HeldSecret::from(Secret {
        metadata: ObjectMeta {
            creation_timestamp: created.or_else(|| time.clone()),
            managed_fields: Some(vec![ManagedFieldsEntry {
                time,
                ..ManagedFieldsEntry::default()
            }]),
            ..ObjectMeta::default()
        },
        type_: Some(
            before
                .map_or(step.secret_type(), HeldSecret::secret_type)
                .to_owned(),
        ),
        data: Some(data),
        ..Secret::default()
    })
}
