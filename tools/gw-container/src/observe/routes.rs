//! The networks that this machine reaches already.

use std::net::Ipv4Addr;

use crate::plan::subnet::Subnet;

/// The networks that this machine has routes to, without the default route, from /proc/net/route.
pub fn routes() -> Vec<Subnet> {
    let table = std::fs::read_to_string("/proc/net/route").unwrap_or_default();
    parse_routes(&table)
}

fn parse_routes(table: &str) -> Vec<Subnet> {
    let number = |hex: &str| u32::from_str_radix(hex, 16).ok().map(u32::from_be);
    table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (network, mask) = (number(fields.get(1)?)?, number(fields.get(7)?)?);
            let length = u8::try_from(mask.leading_ones()).ok()?;
            (length > 0).then(|| (Ipv4Addr::from(network), length))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn reads_routes() {
        let table = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n\
                     eth0 00000000 0100000A 0003 0 0 0 00000000 0 0 0\n\
                     docker0 000011AC 00000000 0001 0 0 0 0000FFFF 0 0 0\n";
        assert_eq!(parse_routes(table), [(Ipv4Addr::new(172, 17, 0, 0), 16)]);
    }
}
