//! Every reason of a failure, for the help text.

use contract::Reason;

/// The tool has none of its own: those of the crates that it works with, in the order of the help.
pub const ALL: &[Reason] = &joined();

const COUNT: usize = docker_session::REASONS.len() + client_files::REASONS.len();

const fn joined() -> [Reason; COUNT] {
    let mut all = [Reason::new("", ""); COUNT];
    let parts = [docker_session::REASONS, client_files::REASONS];
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
