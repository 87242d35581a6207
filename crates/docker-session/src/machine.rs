//! The machine that Docker runs on, where that is another one.

use std::process::Stdio;

use tokio::process::Command;

use crate::DockerHost;
use crate::host::Ssh;

/// Another machine with a Docker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// As the user named it: `[user@]host`.
    pub named: String,
    /// The name or address at which clients reach its published ports.
    pub address: String,
}

/// `None` for a Docker of this machine. An alias of ssh's configuration is resolved by ssh itself, which connects to nothing
/// for that.
pub async fn machine(host: &DockerHost) -> Option<Machine> {
    match host {
        DockerHost::Unix(_) => None,
        DockerHost::Tcp(address) | DockerHost::Tls(address, _) => {
            let name = address
                .rsplit_once(':')
                .map_or(address.as_str(), |(name, _)| name);
            let name = name.trim_start_matches('[').trim_end_matches(']');
            Some(Machine {
                named: name.to_owned(),
                address: name.to_owned(),
            })
        }
        DockerHost::Ssh(ssh) => Some(Machine {
            named: match &ssh.user {
                Some(user) => format!("{user}@{}", ssh.host),
                None => ssh.host.clone(),
            },
            address: resolved(ssh).await.unwrap_or_else(|| ssh.host.clone()),
        }),
    }
}

async fn resolved(ssh: &Ssh) -> Option<String> {
    let output = Command::new("ssh")
        .args(ssh.words(&["-G"], &[]))
        .stdin(Stdio::null())
        .output()
        .await
        .ok()?;
    hostname(&String::from_utf8_lossy(&output.stdout)).map(str::to_owned)
}

/// From what `ssh -G` prints: one setting a line, its name in lower case.
fn hostname(settings: &str) -> Option<&str> {
    settings.lines().find_map(|line| line.strip_prefix("hostname "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_name_is_that_of_sshs_settings() {
        let settings = "host far\nuser me\nhostname 192.0.2.7\nport 22\nproxycommand hostname x\n";
        assert_eq!(hostname(settings), Some("192.0.2.7"));
        assert_eq!(hostname(""), None);
    }

    #[tokio::test]
    async fn a_docker_of_this_machine_has_no_other() {
        assert_eq!(machine(&DockerHost::Unix("/s".into())).await, None);
        let far = machine(&DockerHost::Tcp("[fd00::1]:2375".into())).await.unwrap();
        assert_eq!((far.named.as_str(), far.address.as_str()), ("fd00::1", "fd00::1"));
    }
}
