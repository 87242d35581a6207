//! The verb `diagnose`: facts about container, node and host, for whoever looks for a cause. It judges nothing and changes nothing.

use bollard::query_parameters::LogsOptionsBuilder;
use contract::{Answer, Context, Failure};
use docker_session::docker_failure;
use futures_util::TryStreamExt;
use gateway_facts::{Container, Status, observe};
use gateway_names::VOLUME_PATH;

use crate::exec;
use crate::flags::DiagnoseFlags;
use crate::redact::Redactor;
use crate::report::{DiagnosisField, Report, StateBefore};
use crate::work::{Locking, Work};

/// Fills the diagnosis in. What cannot be had is null.
pub async fn run(flags: &DiagnoseFlags, context: Context<Report>) -> Result<Answer, Failure> {
    let locking = Locking {
        verb: "diagnose",
        lock_fd: None,
        patience: std::time::Duration::ZERO,
        needed: false,
    };
    let work = Work::begin(&context, locking).await?;
    let facts = observe(&work.session, &work.gateway).await?;
    work.report
        .update(|report| report.state_before = Some(StateBefore::of(&facts)));
    let mut found = of_docker(&work).await?;
    if let Some(container) = crate::plan::present(&facts) {
        work.report.update(|report| report.show(container));
        let redactor = Redactor::of(container);
        found.exit_code = container.exit_code;
        found.oom_killed = container.oom_killed;
        found.start_error.clone_from(&container.start_error);
        found.restart_count = container.restart_count;
        found.log = log(&work, container, flags.lines).await?;
        if let Some(health) = &container.health {
            found.health_log.clone_from(&health.log);
        }
        if container.status == Status::Running {
            of_node(&work, container, &mut found).await?;
        }
        for line in found.log.iter_mut().chain(&mut found.health_log) {
            *line = redactor.redact(line);
        }
    }
    if work.session.is_local() {
        found.inotify_instances = kernel_number("/proc/sys/fs/inotify/max_user_instances");
        found.inotify_watches = kernel_number("/proc/sys/fs/inotify/max_user_watches");
    }
    work.report.update(|report| report.diagnosis = Some(found));
    Ok(Answer::Done)
}

async fn of_docker(work: &Work) -> Result<DiagnosisField, Failure> {
    let info = work.session.api().info().await;
    let info = info.map_err(|error| docker_failure("ask Docker about its host", &error))?;
    Ok(DiagnosisField {
        cgroup_version: info.cgroup_version.map(|version| version.to_string()),
        kernel: info.kernel_version,
        cpus: info.ncpu.and_then(|count| count.try_into().ok()),
        memory_bytes: info.mem_total.and_then(|count| count.try_into().ok()),
        storage_driver: info.driver,
        ..DiagnosisField::default()
    })
}

async fn log(work: &Work, container: &Container, lines: u32) -> Result<Vec<String>, Failure> {
    let options = LogsOptionsBuilder::new()
        .stdout(true)
        .stderr(true)
        .tail(&lines.to_string())
        .build();
    let log: Result<Vec<_>, _> = work
        .session
        .api()
        .logs(&container.id, Some(options))
        .try_collect()
        .await;
    let log = log.map_err(|error| docker_failure("read the container's log", &error))?;
    let text: Vec<u8> = log
        .into_iter()
        .flat_map(bollard::container::LogOutput::into_bytes)
        .collect();
    Ok(String::from_utf8_lossy(&text)
        .lines()
        .map(str::to_owned)
        .collect())
}

/// What only the running node can say. A node without one of the commands leaves its facts out.
async fn of_node(work: &Work, container: &Container, found: &mut DiagnosisField) -> Result<(), Failure> {
    let disk = exec::run(work, container, &["df", "-Pk", VOLUME_PATH]).await?;
    if let Some((size, free)) = disk_of(&disk.stdout) {
        (found.disk_bytes, found.disk_free_bytes) = (Some(size), Some(free));
    }
    let bridge = exec::run(
        work,
        container,
        &["cat", "/proc/sys/net/bridge/bridge-nf-call-iptables"],
    )
    .await?;
    found.br_netfilter = Some(bridge.code == 0 && bridge.stdout.trim() == "1");
    let names = exec::run(work, container, &["cat", "/etc/resolv.conf"]).await?;
    found.name_servers = names
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("nameserver "))
        .map(|address| address.trim().to_owned())
        .collect();
    let resolved = exec::run(work, container, &["getent", "hosts", "host.docker.internal"]).await?;
    found.resolves_host = (resolved.code < 126 && resolved.code >= 0).then_some(resolved.code == 0);
    Ok(())
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

fn kernel_number(path: &str) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::disk_of;

    #[test]
    fn reads_df() {
        let text = "Filesystem 1024-blocks Used Available Capacity Mounted on\noverlay 100 60 40 60% /var/lib/rancher/k3s\n";
        assert_eq!(disk_of(text), Some((102_400, 40_960)));
        assert_eq!(disk_of(""), None);
    }
}
