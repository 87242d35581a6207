//! Every reason of a failure, for the help text.

use contract::Reason;

const OWN: &[Reason] = &[
    Reason::new(
        "handshake_invalid",
        "the Secret exists and does not hold 64 lower-case hex characters",
    ),
    Reason::new(
        "sandboxes_disagree",
        "the Secret is absent, and live sandboxes carry different values",
    ),
    Reason::new(
        "sandbox_secret_invalid",
        "the Secret is absent, and what live sandboxes carry is no handshake secret",
    ),
    Reason::new(
        "adopt_refused",
        "no live sandbox carries what --adopt names, or another secret exists",
    ),
    Reason::new("contended", "others changed the Secret again and again"),
    Reason::new("no_random", "the operating system gives no random numbers"),
];

/// The tool's own reasons and those of its connection to Kubernetes.
pub const ALL: &[Reason] = &joined();

const fn joined() -> [Reason; OWN.len() + kube_session::REASONS.len()] {
    let mut all = [Reason::new("", ""); OWN.len() + kube_session::REASONS.len()];
    let mut index = 0;
    while index < all.len() {
        all[index] = if index < OWN.len() {
            OWN[index]
        } else {
            kube_session::REASONS[index - OWN.len()]
        };
        index += 1;
    }
    all
}
