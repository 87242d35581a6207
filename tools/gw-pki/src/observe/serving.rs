//! Which material a running server has read. Pure.

use kube_session::{HeldSecret, ServerPod};

/// The annotation of a server's pods that says `"true"` where the server reads its TLS files again by itself.
const RELOADS: &str = "dev.openshell.gateway/reloads-tls";
/// Seconds within which a kubelet brings a changed Secret into a running pod: its sync period and the life of its cache.
pub const KUBELET_SYNC: i64 = 120;

/// A pod of the server, as far as this goes. Times are in seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serving {
    /// When it was created, by the API server's clock.
    pub created_at: i64,
    /// When its container started.
    pub started_at: i64,
    /// Does it read its TLS files again by itself?
    pub reloads: bool,
}

impl Serving {
    /// `None` where it runs no container: it will read what there is then.
    pub fn of(pod: &ServerPod) -> Option<Self> {
        Some(Self {
            created_at: pod.created_at()?.as_second(),
            started_at: pod.started_at()?.as_second(),
            reloads: pod.annotation(RELOADS) == Some("true"),
        })
    }

    /// Has it read what the Secret holds? `now` is in seconds since 1970.
    pub fn has_read(&self, secret: &HeldSecret, now: i64) -> bool {
        let seconds = |time: Option<jiff::Timestamp>| time.map(jiff::Timestamp::as_second);
        let Some(changed_at) = seconds(secret.changed_at()) else {
            return true;
        };
        // Without the Secret the container would not have started.
        let is_first = seconds(secret.created_at()) == Some(changed_at) && self.started_at >= changed_at;
        let synced_at = changed_at + KUBELET_SYNC;
        let is_reloaded = self.reloads && now >= synced_at;
        is_first || self.created_at >= changed_at || self.started_at >= synced_at || is_reloaded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn secret(created: &str, changed: &str) -> HeldSecret {
        let metadata = json!({ "creationTimestamp": created, "managedFields": [{ "time": changed }] });
        HeldSecret::from(
            serde_json::from_value::<k8s_openapi::api::core::v1::Secret>(json!({ "metadata": metadata }))
                .unwrap(),
        )
    }

    fn pod(created: i64, started: i64) -> Serving {
        Serving {
            created_at: created,
            started_at: started,
            reloads: false,
        }
    }

    #[test]
    fn the_chart_of_the_reference_server_says_that_it_reloads() {
        let chart = include_str!("../../../../helm/openshell/templates/statefulset.yaml");
        assert!(chart.contains(&format!("{RELOADS}: \"true\"")));
    }

    #[test]
    fn a_pod_has_read_what_was_there_when_it_started() {
        let at = |seconds| format!("1970-01-01T00:{:02}:{:02}Z", seconds / 60, seconds % 60);
        let (first, second) = (secret(&at(100), &at(100)), secret(&at(100), &at(500)));
        let reloading = Serving {
            reloads: true,
            ..pod(90, 110)
        };
        let table = [
            (pod(90, 110), &first, 600, true),
            (pod(90, 95), &first, 600, false),
            (pod(90, 110), &second, 900, false),
            (pod(510, 520), &second, 600, true),
            (pod(500, 501), &second, 600, true),
            (pod(90, 619), &second, 900, false),
            (pod(90, 620), &second, 900, true),
            (reloading.clone(), &second, 619, false),
            (reloading, &second, 620, true),
        ];
        for (pod, secret, now, expected) in table {
            assert_eq!(pod.has_read(secret, now), expected, "{pod:?} at {now}");
        }
        let unknown = HeldSecret::from(k8s_openapi::api::core::v1::Secret::default());
        assert!(pod(1, 1).has_read(&unknown, 2));
    }
}
