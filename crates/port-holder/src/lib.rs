//! Is a TCP port of this machine free, and which process has it?

use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;
use std::net::{IpAddr, TcpListener};
use std::path::Path;

/// Whether a port can be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// It could be bound.
    Free,
    /// Something listens on it.
    Taken,
    /// This machine has no such address.
    NoSuchAddress,
    /// This user may not try; Docker may.
    Unknown,
}

/// Binds the port for a moment.
pub fn try_port(address: IpAddr, port: u16) -> Port {
    match TcpListener::bind((address, port)) {
        Ok(_) => Port::Free,
        Err(error) => match error.kind() {
            ErrorKind::AddrInUse => Port::Taken,
            ErrorKind::AddrNotAvailable => Port::NoSuchAddress,
            _ => Port::Unknown,
        },
    }
}

/// A process of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its process id.
    pub pid: u32,
    /// Its name as the kernel has it. Never its arguments: they may hold secrets.
    pub command: String,
}

/// The processes that listen on the port at `address`, as far as /proc shows them to this user.
pub fn processes_on(address: IpAddr, port: u16) -> Vec<Process> {
    let mut inodes = HashSet::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let text = fs::read_to_string(table).unwrap_or_default();
        inodes.extend(
            text.lines()
                .skip(1)
                .filter_map(|line| listener(line, address, port)),
        );
    }
    if inodes.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<Process> = pids().filter(|pid| holds(*pid, &inodes)).map(named).collect();
    found.sort_by_key(|process| process.pid);
    found
}

/// The socket's inode, where this line of /proc/net/tcp is a listener on the port whose address covers `wanted`.
fn listener(line: &str, wanted: IpAddr, port: u16) -> Option<u64> {
    const LISTEN: &str = "0A";
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
    let (address, local_port) = local.split_once(':')?;
    let same_port = u16::from_str_radix(local_port, 16).ok()? == port;
    let any = |ip: IpAddr| ip.is_unspecified();
    let bound = address_of(address)?;
    let covers = bound == wanted || any(bound) || any(wanted);
    (*state == LISTEN && same_port && covers).then(|| inode.parse().ok())?
}

/// An address as the kernel prints it: words of 32 bits in the machine's byte order.
fn address_of(hex: &str) -> Option<IpAddr> {
    if !hex.len().is_multiple_of(8) {
        return None;
    }
    let mut bytes = Vec::with_capacity(16);
    for word in hex.as_bytes().chunks(8) {
        let word = u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()?;
        bytes.extend(word.to_ne_bytes());
    }
    match bytes.len() {
        4 => Some(IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?)),
        16 => Some(IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?).to_canonical()),
        _ => None,
    }
}

fn pids() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn holds(pid: u32, inodes: &HashSet<u64>) -> bool {
    let socket = |path: &Path| -> Option<u64> {
        let target = fs::read_link(path).ok()?;
        let inode = target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
        inode.parse().ok()
    };
    fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| socket(&entry.path()).is_some_and(|inode| inodes.contains(&inode)))
}

fn named(pid: u32) -> Process {
    let command = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    Process {
        pid,
        command: command.trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn a_taken_port_is_named_with_its_process() {
        let held = TcpListener::bind((LOCAL, 0)).unwrap();
        let port = held.local_addr().unwrap().port();
        assert_eq!(try_port(LOCAL, port), Port::Taken);
        for wanted in [LOCAL, IpAddr::V4(Ipv4Addr::UNSPECIFIED)] {
            let pids: Vec<u32> = processes_on(wanted, port).iter().map(|p| p.pid).collect();
            assert!(pids.contains(&std::process::id()), "{wanted}: {pids:?}");
        }
        let found = processes_on(LOCAL, port);
        let own = found.iter().find(|p| p.pid == std::process::id()).unwrap();
        assert!(!own.command.is_empty());
        drop(held);
        assert_eq!(processes_on(LOCAL, port), Vec::new());
    }

    #[test]
    fn an_address_of_another_machine_is_told_apart() {
        // TEST-NET-1 (RFC 5737) belongs to nobody.
        let elsewhere = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        assert_eq!(try_port(elsewhere, 0), Port::NoSuchAddress);
    }

    #[test]
    fn reads_the_kernels_addresses() {
        let word = |ip: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(ip));
        assert_eq!(address_of(&word([127, 0, 0, 1])), Some(LOCAL));
        let v6 = |ip: Ipv6Addr| -> String {
            ip.octets()
                .chunks(4)
                .map(|part| word(part.try_into().unwrap()))
                .collect()
        };
        assert_eq!(
            address_of(&v6(Ipv6Addr::UNSPECIFIED)),
            Some(IpAddr::V6(Ipv6Addr::UNSPECIFIED))
        );
        assert_eq!(address_of(&v6(Ipv4Addr::LOCALHOST.to_ipv6_mapped())), Some(LOCAL));
        assert_eq!(address_of("0"), None);
    }
}
