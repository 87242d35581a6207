//! Every reason of a failure, for the help text.

use contract::Reason;

const OWN: &[Reason] = &[
    Reason::new(
        "ca_key_missing",
        "a certificate must be issued again, and the key of its CA is not there",
    ),
    Reason::new("ca_invalid", "the CA that is kept in the cluster cannot issue"),
    Reason::new(
        "secret_immutable",
        "a Secret must be changed, and it is marked immutable",
    ),
    Reason::new("issue_failed", "a certificate could not be made"),
    Reason::new("contended", "others changed the Secrets again and again"),
];

/// The tool's own reasons and those of the crates it works with. The help prints them in this order.
pub const ALL: &[Reason] = &joined();

const COUNT: usize = OWN.len() + kube_session::REASONS.len() + client_files::REASONS.len();

const fn joined() -> [Reason; COUNT] {
    let mut all = [Reason::new("", ""); COUNT];
    let parts = [OWN, kube_session::REASONS, client_files::REASONS];
    let (mut part, mut filled) = (0, 0);
    while part < parts.len() {
        let mut index = 0;
        while index < parts[part].len() {
            all[filled] = parts[part][index];
            filled += 1;
            index += 1;
        }
        part += 1;
    }
    all
}
