//! What only the running node can say. A node without one of the commands leaves its facts out.

use api_access::{for_host, server_of};
use contract::Failure;
use gateway_facts::Container;
use gateway_names::{KUBECONFIG_PATH, NAMESPACE, VOLUME_PATH, WORKLOAD};
use gateway_work::Work;
use gw_node::report::DiagnosisField;

use crate::exec::{self, Ended};

/// A name server that is away is not waited for as long as the C library would (resolv.conf(5)).
const SOON: &str = "RES_OPTIONS=timeout:1 attempts:1";
/// Networks on which Docker resolves no names of containers.
const NAMELESS: [&str; 3] = ["bridge", "host", "none"];

/// Asks all at once.
pub async fn of_node(
    work: &Work,
    container: &Container,
    lines: u32,
    found: &mut DiagnosisField,
) -> Result<(), Failure> {
    let run = |words: &'static [&'static str]| exec::run(work, container, words);
    let name: [&str; 5] = ["env", SOON, "getent", "hosts", &container.name];
    let lines = format!("--tail={lines}");
    let workload = format!("statefulset/{WORKLOAD}");
    let log: [&str; 7] = [
        "kubectl",
        "--namespace",
        NAMESPACE,
        "logs",
        "--request-timeout=3s",
        &lines,
        &workload,
    ];
    let (clock, disk, bridge, names, host, own, log, kubeconfig) = tokio::try_join!(
        run(&["date", "-u", "+%Y-%m-%dT%H:%M:%SZ"]),
        run(&["df", "-Pk", VOLUME_PATH]),
        run(&["cat", "/proc/sys/net/bridge/bridge-nf-call-iptables"]),
        run(&["cat", "/etc/resolv.conf"]),
        run(&["getent", "hosts", "host.docker.internal"]),
        exec::run(work, container, &name),
        exec::run(work, container, &log),
        kubeconfig_agrees(work, container),
    )?;
    found.node_time = time_of(&clock);
    if let Some((size, free)) = disk_of(&disk.stdout) {
        (found.disk_bytes, found.disk_free_bytes) = (Some(size), Some(free));
    }
    found.br_netfilter = Some(bridge.code == 0 && bridge.stdout.trim() == "1");
    found.name_servers = names
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("nameserver "))
        .map(|address| address.trim().to_owned())
        .collect();
    found.resolves_host = is_found(&host);
    let is_named = container
        .attachments
        .iter()
        .any(|at| !NAMELESS.contains(&at.name.as_str()));
    found.resolves_names = is_found(&own).filter(|_| is_named);
    if log.code == 0 {
        found.server_log = log.stdout.lines().map(str::to_owned).collect();
    }
    found.kubeconfig_agrees = kubeconfig;
    Ok(())
}

/// Did getent find the name? `None` where the node has no such command.
fn is_found(ended: &Ended) -> Option<bool> {
    (0..126).contains(&ended.code).then_some(ended.code == 0)
}

/// `None` where the node has no such command.
fn time_of(ended: &Ended) -> Option<String> {
    (ended.code == 0).then(|| ended.stdout.trim().to_owned())
}

/// Is this host's kubeconfig what would be written from the container's? `None` where one of them is not there, or this host
/// cannot reach the API anyway.
async fn kubeconfig_agrees(work: &Work, container: &Container) -> Result<Option<bool>, Failure> {
    let own = work.folder.read_private("kubeconfig")?;
    let (Some(own), Some(server)) = (own, server_of(work, container)?) else {
        return Ok(None);
    };
    let inside = container_files::file(&work.session, &container.id, KUBECONFIG_PATH).await?;
    let expected = inside.and_then(|text| for_host(&text, &work.gateway.resource(), &server).ok());
    Ok(expected.map(|expected| expected.as_bytes() == own))
}

/// Size and free bytes from `df -Pk` (POSIX: kilobytes in the second and fourth column of the second line).
fn disk_of(text: &str) -> Option<(u64, u64)> {
    let words: Vec<&str> = text.lines().nth(1)?.split_whitespace().collect();
    let bytes = |index: usize| {
        words
            .get(index)?
            .parse::<u64>()
            .ok()
            .map(|kilobytes| kilobytes * 1024)
    };
    Some((bytes(1)?, bytes(3)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(code: i64) -> Ended {
        Ended {
            code,
            stdout: "2026-01-02T03:04:05Z\n".to_owned(),
            stderr: String::new(),
        }
    }

    #[test]
    fn reads_df() {
        let text = "Filesystem 1024-blocks Used Available Capacity Mounted on\noverlay 100 60 40 60% /var/lib/rancher/k3s\n";
        assert_eq!(disk_of(text), Some((102_400, 40_960)));
        assert_eq!(disk_of(""), None);
    }

    #[test]
    fn a_command_that_is_missing_says_nothing() {
        assert_eq!(
            [0, 2, 126, 127, -1].map(|code| is_found(&ended(code))),
            [Some(true), Some(false), None, None, None]
        );
        assert_eq!(time_of(&ended(0)).as_deref(), Some("2026-01-02T03:04:05Z"));
        assert_eq!(time_of(&ended(127)), None);
    }
}
