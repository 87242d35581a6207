//! A subnet that nothing else uses, so that the container's address can be fixed.

use std::net::Ipv4Addr;

/// First address and prefix length.
pub type Subnet = (Ipv4Addr, u8);

/// A /24 of 10.87.0.0/16 that overlaps nothing in `used`; `None` where all are used. Where to begin depends on the name, so that a gateway gets the same
/// subnet again. Neither Docker's own pools nor Kubernetes' usual ranges (10.42, 10.43, 10.96, 10.244) are near.
pub fn free_subnet(gateway: &str, used: &[Subnet]) -> Option<Subnet> {
    let start = gateway
        .bytes()
        .fold(0u8, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte));
    (0..=255u8)
        .map(|step| (Ipv4Addr::new(10, 87, start.wrapping_add(step), 0), 24))
        .find(|candidate| !used.iter().any(|other| overlap(*candidate, *other)))
}

fn overlap(one: Subnet, other: Subnet) -> bool {
    let length = u32::from(one.1.min(other.1));
    let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
    u32::from(one.0) & mask == u32::from(other.0) & mask
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_gateway_gets_the_same_subnet_again_and_a_full_range_is_told() {
        let one = free_subnet("g", &[]).unwrap();
        assert_eq!(free_subnet("g", &[]).unwrap(), one);
        assert_ne!(free_subnet("g", &[one]).unwrap(), one);
        assert_eq!(free_subnet("g", &[(Ipv4Addr::new(10, 0, 0, 0), 8)]), None);
    }

    proptest! {
        #[test]
        fn never_overlaps(name in "[a-z]{1,9}", used in prop::collection::vec((any::<u32>(), 9u8..=32), 0..40)) {
            let used: Vec<Subnet> = used.into_iter().map(|(ip, length)| (Ipv4Addr::from(0x0A57_0000 | ip & 0xFFFF), length)).collect();
            if let Some(found) = free_subnet(&name, &used) {
                prop_assert!(used.iter().all(|other| !overlap(found, *other)));
            }
        }
    }
}
