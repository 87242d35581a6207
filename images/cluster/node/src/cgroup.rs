//! The container's own cgroup: pods' cgroups go below it, so that two gateways, `docker pause` and limits work.

use std::fs;
use std::path::Path;

use anyhow::Context;

/// Where pods' cgroups go, as a path from the hierarchy's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CgroupRoot(pub String);

/// The container's own cgroup, as a path from the hierarchy's root; see cgroups(7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OwnCgroup<'a> {
    /// Of the memory controller.
    V1(&'a str),
    /// Of the unified hierarchy.
    V2(&'a str),
}

/// Reads `/proc/self/cgroup`.
fn own_cgroup(proc_self_cgroup: &str) -> Option<OwnCgroup<'_>> {
    let entries = || {
        proc_self_cgroup
            .lines()
            .filter_map(|line| line.split_once(':')?.1.split_once(':'))
    };
    let v1 = entries().find(|(controllers, _)| controllers.split(',').any(|name| name == "memory"));
    let v2 = || entries().find(|(controllers, _)| controllers.is_empty());
    v1.map(|(_, path)| OwnCgroup::V1(path))
        .or_else(|| v2().map(|(_, path)| OwnCgroup::V2(path)))
}

/// Finds the container's cgroup. On v2 its processes move into a leaf and the controllers are enabled, because a
/// cgroup that holds processes cannot hand controllers to its children.
pub fn prepare() -> anyhow::Result<CgroupRoot> {
    let text = fs::read_to_string("/proc/self/cgroup").context("/proc/self/cgroup")?;
    let own = own_cgroup(&text).context("no memory controller in /proc/self/cgroup")?;
    let path = match own {
        OwnCgroup::V1(path) => path,
        // A restarted process of this container is in the leaf already.
        OwnCgroup::V2(path) => path.strip_suffix("/node").unwrap_or(path),
    };
    if matches!(own, OwnCgroup::V2(_)) {
        let folder = Path::new("/sys/fs/cgroup").join(path.trim_start_matches('/'));
        let leaf = folder.join("node");
        fs::create_dir_all(&leaf).with_context(|| leaf.display().to_string())?;
        for process in fs::read_to_string(folder.join("cgroup.procs"))?.lines() {
            // A process that ended meanwhile has nothing to move.
            let _ = fs::write(leaf.join("cgroup.procs"), process);
        }
        let controllers = fs::read_to_string(folder.join("cgroup.controllers"))?;
        let enabled: Vec<String> = controllers
            .split_whitespace()
            .map(|name| format!("+{name}"))
            .collect();
        fs::write(folder.join("cgroup.subtree_control"), enabled.join(" "))
            .context("cgroup.subtree_control")?;
    }
    Ok(CgroupRoot(path.to_owned()))
}

/// A process of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodProcess {
    /// The pod's uid.
    pub pod: String,
    /// The process.
    pub pid: i32,
}

/// Every process of every pod, except those that hold a pod's namespaces: they end by SIGKILL alone.
pub fn pod_processes(root: &CgroupRoot) -> Vec<PodProcess> {
    let hierarchy = if Path::new("/sys/fs/cgroup/memory").is_dir() {
        "/sys/fs/cgroup/memory"
    } else {
        "/sys/fs/cgroup"
    };
    let mut folders = vec![
        Path::new(hierarchy)
            .join(root.0.trim_start_matches('/'))
            .join("kubepods"),
    ];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        let processes = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
        found.extend(
            processes
                .lines()
                .filter_map(|line| line.parse::<i32>().ok())
                .filter(|pid| !is_pause(*pid))
                .map(|pid| PodProcess {
                    pod: pod_of(&folder).to_owned(),
                    pid,
                }),
        );
        let children = fs::read_dir(&folder).into_iter().flatten().flatten();
        folders.extend(
            children
                .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
                .map(|entry| entry.path()),
        );
    }
    found
}

/// The kubelet's cgroupfs driver names a pod's folder `podUID`.
fn pod_of(folder: &Path) -> &str {
    let names = folder.iter().filter_map(|name| name.to_str());
    names
        .rev()
        .find_map(|name| name.strip_prefix("pod"))
        .unwrap_or_default()
}

fn is_pause(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim_end() == "pause")
}

#[cfg(test)]
mod tests {
    use super::{OwnCgroup, own_cgroup, pod_of};
    use std::path::Path;

    #[test]
    fn the_pod_of_a_process_stands_in_its_cgroups_path() {
        let below =
            |path: &str| pod_of(&Path::new("/sys/fs/cgroup/docker/abc/kubepods").join(path)).to_owned();
        assert_eq!(below("besteffort/pod0a1b-2c/f00d"), "0a1b-2c");
        assert_eq!(below("pod0a1b-2c"), "0a1b-2c");
        assert_eq!(below("burstable"), "");
    }

    #[test]
    fn finds_the_own_cgroup_on_both_versions() {
        let v1 = "12:pids:/docker/abc\n4:cpu,memory:/docker/abc\n0::/system.slice\n";
        assert_eq!(own_cgroup(v1), Some(OwnCgroup::V1("/docker/abc")));
        assert_eq!(own_cgroup("0::/docker/abc\n"), Some(OwnCgroup::V2("/docker/abc")));
        assert_eq!(
            own_cgroup("0::/docker/abc/node\n"),
            Some(OwnCgroup::V2("/docker/abc/node"))
        );
        assert_eq!(own_cgroup("nonsense"), None);
    }
}
