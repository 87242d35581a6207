//! The health check that an image brings. Its lines are in the container's state and never in the container's log.

use bollard::models::{Health as DockerHealth, HealthStatusEnum};

/// What the health checks of OpenShell's cluster images say of known faults.
pub const MARKERS: [&str; 4] = [
    "DNS_PROBE_FAILED",
    "HEALTHCHECK_DNS_FAILURE",
    "HEALTHCHECK_NODE_PRESSURE",
    "HEALTHCHECK_MISSING_SUPERVISOR",
];

/// What the health check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// `starting`, `healthy`, `unhealthy`.
    pub status: String,
    /// How many checks have failed, one after another, up to now.
    pub failing_streak: u32,
    /// The last line of the last check.
    pub last_line: Option<String>,
    /// Which of [`MARKERS`] the last check printed.
    pub markers: Vec<&'static str>,
    /// What Docker keeps of the last checks, the oldest first.
    pub log: Vec<String>,
}

impl Health {
    /// From Docker's answer; `None` where the image has no health check.
    pub fn of(health: DockerHealth) -> Option<Self> {
        let status = health.status?;
        if matches!(status, HealthStatusEnum::NONE | HealthStatusEnum::EMPTY) {
            return None;
        }
        let log: Vec<String> = health
            .log
            .unwrap_or_default()
            .into_iter()
            .map(|check| check.output.unwrap_or_default().trim().to_owned())
            .collect();
        let last = log.last().map(String::as_str).unwrap_or_default();
        Some(Self {
            status: status.to_string(),
            failing_streak: health.failing_streak.and_then(|n| n.try_into().ok()).unwrap_or(0),
            last_line: last.lines().last().map(str::to_owned),
            markers: MARKERS
                .into_iter()
                .filter(|marker| last.contains(marker))
                .collect(),
            log,
        })
    }
}
