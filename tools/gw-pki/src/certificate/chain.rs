//! Does a certificate lead to a CA that is trusted?

use super::Certificate;

/// Follows signatures from the first certificate of `presented`, by way of the others, to one of `anchors`.
pub fn leads_to(presented: &[Certificate], anchors: &[Certificate]) -> bool {
    let Some((leaf, intermediates)) = presented.split_first() else {
        return false;
    };
    let mut current = leaf;
    // Each step uses up one intermediate, so that a circle ends.
    for _ in 0..=intermediates.len() {
        let is_trusted = |anchor: &Certificate| anchor.der == current.der || current.is_signed_by(anchor);
        if anchors.iter().any(is_trusted) {
            return true;
        }
        let Some(next) = intermediates.iter().find(|next| current.is_signed_by(next)) else {
            return false;
        };
        current = next;
    }
    false
}
