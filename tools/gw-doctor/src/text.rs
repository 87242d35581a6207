//! What people read.

use gw_doctor::report::{FindingField, UnreadField};

/// What stands in a table where nothing is known.
pub const UNKNOWN: &str = "-";

/// Line by line; the first one says how many there are.
pub fn lines(gateway: &str, findings: &[FindingField], unread: &[UnreadField]) -> Vec<String> {
    let count = match (findings.len(), unread.len()) {
        (0, 0) => "nothing is wrong".to_owned(),
        (0, _) => "nothing is found, but not everything could be judged".to_owned(),
        (1, _) => "1 finding".to_owned(),
        (count, _) => format!("{count} findings"),
    };
    let mut lines = vec![format!("gateway {gateway}: {count}")];
    for finding in findings {
        lines.push(String::new());
        lines.push(format!("{}: {}", finding.cause, finding.object));
        lines.push(format!("  {}", finding.message));
        lines.push(format!("  next: {}", finding.next));
    }
    if !unread.is_empty() {
        lines.push(String::new());
    }
    let unread = unread.iter();
    lines.extend(unread.map(|document| format!("not judged: {}: {}", document.name, document.reason)));
    lines
}
