//! The election of the one controller that works, as client-go's leader election has it: a Lease whose holder renews it. Another one waits
//! until the Lease has not changed for its whole duration, which after a crash is a delay of 15 s.

use std::time::Duration;

use anyhow::bail;
use gateway_names::SANDBOX_GROUP;
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};
use kube_session::{Trouble, classify, explain};
use reference_base::log::{self, Level};
use tokio::time::{Instant, sleep};

use crate::settings::Settings;

/// How long a holder that is silent keeps the Lease.
const DURATION: Duration = Duration::from_secs(15);
/// How long a holder tries to renew before it gives up.
const RENEW_DEADLINE: Duration = Duration::from_secs(10);
/// Between two tries.
const PAUSE: Duration = Duration::from_secs(2);

/// What a candidate wants of the Lease.
#[derive(Clone, Copy)]
enum Aim {
    Hold,
    GiveBack,
}

/// Whose the Lease is after an attempt.
enum Holder {
    Us,
    Another,
}

/// One candidate.
pub struct Election {
    leases: Api<Lease>,
    name: String,
    identity: String,
    seen: Option<(Option<LeaseSpec>, Instant)>,
}

impl Election {
    /// A candidate of its own name.
    pub fn new(client: Client, settings: &Settings) -> Self {
        Self {
            leases: Api::namespaced(client, &settings.lease_namespace),
            name: format!("sandbox-controller.{SANDBOX_GROUP}"),
            identity: format!("{}_{}", settings.name, uuid::Uuid::new_v4()),
            seen: None,
        }
    }

    /// Waits until it holds the Lease.
    pub async fn win(&mut self) {
        loop {
            match self.attempt(Aim::Hold).await {
                Ok(Holder::Us) => return,
                Ok(Holder::Another) => {}
                Err(error) => log::write(Level::Warn, format_args!("lease: {}", explain(&error))),
            }
            sleep(PAUSE).await;
        }
    }

    /// Renews the Lease until that fails for too long; says why.
    pub async fn keep(&mut self) -> anyhow::Error {
        match self.renew().await {
            Ok(()) => anyhow::anyhow!("the lease is no longer renewed"),
            Err(error) => error,
        }
    }

    async fn renew(&mut self) -> anyhow::Result<()> {
        let mut renewed = Instant::now();
        loop {
            sleep(PAUSE).await;
            match self.attempt(Aim::Hold).await {
                Ok(Holder::Us) => renewed = Instant::now(),
                Ok(Holder::Another) => bail!("another controller holds the lease"),
                Err(error) if renewed.elapsed() >= RENEW_DEADLINE => {
                    bail!("the lease could not be renewed: {}", explain(&error));
                }
                Err(error) => log::write(Level::Warn, format_args!("lease: {}", explain(&error))),
            }
        }
    }

    /// Makes room for the next one.
    pub async fn give_back(&mut self) {
        if let Err(error) = self.attempt(Aim::GiveBack).await {
            log::write(Level::Warn, format_args!("lease: {}", explain(&error)));
        }
    }

    /// Writes the Lease if it is free or its own.
    async fn attempt(&mut self, aim: Aim) -> Result<Holder, kube::Error> {
        let mut lease = match self.leases.get(&self.name).await {
            Ok(lease) => lease,
            Err(error) if classify(&error, &self.name) == Trouble::Absent => {
                let lease = Lease {
                    metadata: ObjectMeta {
                        name: Some(self.name.clone()),
                        ..ObjectMeta::default()
                    },
                    spec: Some(self.wanted(None, aim)),
                };
                return won(self.leases.create(&PostParams::default(), &lease).await);
            }
            Err(error) => return Err(error),
        };
        if self.seen.as_ref().map(|(spec, _)| spec) != Some(&lease.spec) {
            self.seen = Some((lease.spec.clone(), Instant::now()));
        }
        let unchanged = self
            .seen
            .as_ref()
            .map_or(Duration::ZERO, |(_, since)| since.elapsed());
        let holder = lease
            .spec
            .as_ref()
            .and_then(|spec| spec.holder_identity.as_deref());
        if !may_take(holder, &self.identity, unchanged) {
            return Ok(Holder::Another);
        }
        lease.spec = Some(self.wanted(lease.spec.as_ref(), aim));
        won(self
            .leases
            .replace(&self.name, &PostParams::default(), &lease)
            .await)
    }

    fn wanted(&self, before: Option<&LeaseSpec>, aim: Aim) -> LeaseSpec {
        let now = Some(MicroTime(Timestamp::now()));
        let is_own = before.is_some_and(|spec| spec.holder_identity.as_deref() == Some(&self.identity));
        let (identity, seconds) = match aim {
            Aim::Hold => (self.identity.clone(), DURATION.as_secs()),
            Aim::GiveBack => (String::new(), 1),
        };
        LeaseSpec {
            holder_identity: Some(identity),
            lease_duration_seconds: i32::try_from(seconds).ok(),
            acquire_time: before
                .filter(|_| is_own)
                .and_then(|spec| spec.acquire_time.clone())
                .or(now.clone()),
            renew_time: now,
            lease_transitions: Some(
                before.and_then(|spec| spec.lease_transitions).unwrap_or(0) + i32::from(!is_own),
            ),
            ..LeaseSpec::default()
        }
    }
}

/// Who writes at the same time has won; that is no error.
fn won(written: Result<Lease, kube::Error>) -> Result<Holder, kube::Error> {
    match written {
        Ok(_) => Ok(Holder::Us),
        Err(error) if matches!(classify(&error, ""), Trouble::Exists | Trouble::Conflict) => {
            Ok(Holder::Another)
        }
        Err(error) => Err(error),
    }
}

fn may_take(holder: Option<&str>, identity: &str, unchanged: Duration) -> bool {
    let holder = holder.unwrap_or_default();
    holder.is_empty() || holder == identity || unchanged >= DURATION
}

#[cfg(test)]
mod tests {
    use super::{DURATION, may_take};
    use std::time::Duration;

    #[test]
    fn only_a_free_or_a_silent_lease_is_taken() {
        let just_now = Duration::ZERO;
        assert!(may_take(None, "me", just_now) && may_take(Some(""), "me", just_now));
        assert!(may_take(Some("me"), "me", just_now));
        assert!(!may_take(
            Some("other"),
            "me",
            DURATION.checked_sub(Duration::from_secs(1)).unwrap()
        ));
        assert!(may_take(Some("other"), "me", DURATION));
    }
}
