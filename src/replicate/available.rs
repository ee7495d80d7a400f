//! How much memory a device can still give.

use crate::device::Device;
use std::fs::read_to_string;
use std::path::{Path, PathBuf};

/// Bytes that `device` can still give; nothing where the system does not tell. Of the CPU what is free on the machine, or
/// in the control groups (cgroup) that the process is in where that is less. Of an accelerator what nobody uses, and what
/// the pool of this process keeps to lend again.
pub fn available_memory(device: &Device) -> Option<u64> {
    match device {
        Device::Cpu => {
            let machine = of_machine(&read_to_string("/proc/meminfo").ok()?)?;
            let groups = read_to_string("/proc/self/cgroup").unwrap_or_default();
            Some(in_groups(&groups, Path::new("/sys/fs/cgroup")).map_or(machine, |group| group.min(machine)))
        }
        Device::Accelerator(accelerator) => {
            let memory = accelerator.memory();
            let kept = memory.reserved.saturating_sub(memory.live);
            let own = memory.total.map(|total| total.saturating_sub(memory.live));
            let shared = accelerator.free_memory().map(|free| free.saturating_add(kept));
            shared.or(own).map(|bytes| bytes as u64)
        }
    }
}

/// Of the text of `/proc/meminfo`.
fn of_machine(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// The least that is left in the groups of `groups`, the text of `/proc/self/cgroup`, and in the groups around them,
/// whose files are under `root`; nothing where none has a limit.
fn in_groups(groups: &str, root: &Path) -> Option<u64> {
    let groups = groups.lines().filter_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next()?, fields.next()?.trim_start_matches('/'));
        // Version 2 has one hierarchy, without names; version 1 one for each controller.
        match controllers {
            "" => Some((root.to_path_buf(), path, VERSION_2)),
            _ if controllers.split(',').any(|name| name == "memory") => {
                Some((root.join("memory"), path, VERSION_1))
            }
            _ => None,
        }
    });
    let left = groups.flat_map(|(root, path, files)| {
        let around: Vec<PathBuf> = Path::new(path)
            .ancestors()
            .map(|group| root.join(group))
            .collect();
        around.into_iter().filter_map(move |group| left_in(&group, files))
    });
    left.min()
}

/// The files of a group that hold its limit and what it uses, and the line of `memory.stat` with the pages of files that
/// can be dropped.
type Files = [&'static str; 3];
const VERSION_2: Files = ["memory.max", "memory.current", "inactive_file"];
const VERSION_1: Files = [
    "memory.limit_in_bytes",
    "memory.usage_in_bytes",
    "total_inactive_file",
];

/// What is left in one group; nothing if it has no limit ("max").
fn left_in(group: &Path, [limit, used, droppable]: Files) -> Option<u64> {
    let number = |name: &str| read_to_string(group.join(name)).ok()?.trim().parse::<u64>().ok();
    let (limit, used) = (number(limit)?, number(used)?);
    let statistics = read_to_string(group.join("memory.stat")).unwrap_or_default();
    let dropped = statistics.lines().find_map(|line| {
        let (name, bytes) = line.split_once(' ')?;
        (name == droppable).then(|| bytes.trim().parse::<u64>().ok())?
    });
    Some(limit.saturating_sub(used.saturating_sub(dropped.unwrap_or(0))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    type TestResult = Result<(), Box<dyn std::error::Error>>;

    fn group(folder: &Path, files: &[(&str, &str)]) -> TestResult {
        fs::create_dir_all(folder)?;
        for (name, content) in files {
            fs::write(folder.join(name), content)?;
        }
        Ok(())
    }

    #[test]
    fn the_machine_tells_kibibytes() {
        let text = "MemTotal:       4000 kB\nMemAvailable:     12 kB\n";
        assert_eq!(of_machine(text), Some(12 * 1024));
        assert_eq!(of_machine("MemTotal: 4000 kB\n"), None);
    }

    #[test]
    fn the_narrowest_group_decides() -> TestResult {
        let folder = tempfile::tempdir()?;
        let root = folder.path();
        group(
            &root.join("outer/inner"),
            &[("memory.max", "max\n"), ("memory.current", "10\n")],
        )?;
        assert_eq!(in_groups("0::/outer/inner\n", root), None);
        let stat = "anon 1\ninactive_file 300\nactive_file 4\n";
        let outer = [
            ("memory.max", "1000\n"),
            ("memory.current", "700\n"),
            ("memory.stat", stat),
        ];
        group(&root.join("outer"), &outer)?;
        assert_eq!(in_groups("0::/outer/inner\n", root), Some(600));
        // A container sees its own group as the root.
        group(root, &[("memory.max", "500\n"), ("memory.current", "100\n")])?;
        assert_eq!(in_groups("0::/\n", root), Some(400));
        Ok(())
    }

    #[test]
    fn version_1_has_a_hierarchy_of_its_own() -> TestResult {
        let folder = tempfile::tempdir()?;
        let files = [
            ("memory.limit_in_bytes", "900\n"),
            ("memory.usage_in_bytes", "1000\n"),
        ];
        group(&folder.path().join("memory/job"), &files)?;
        let groups = "5:cpu,cpuacct:/job\n4:memory:/job\n";
        assert_eq!(in_groups(groups, folder.path()), Some(0));
        assert_eq!(in_groups("5:cpu:/job\n", folder.path()), None);
        Ok(())
    }
}
