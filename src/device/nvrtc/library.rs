//! The file that the compiler library was loaded from.
//!
//! Two builds of one version may give different code, and their version number does not tell them apart.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// What tells the loaded library from another: path, length and time of the last change. Nothing where the system
/// does not tell what is loaded (it does on Linux).
pub(super) fn loaded() -> Option<String> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    stamp(&path_in(&maps)?)
}

/// The library's path in the table of a process's memory (`proc(5)`, `/proc/pid/maps`: five columns, then the path).
fn path_in(maps: &str) -> Option<PathBuf> {
    let paths = maps
        .lines()
        .filter_map(|line| line.find('/').and_then(|begin| line.get(begin..)));
    let is_library = |path: &&str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        name.starts_with("libnvrtc.so")
    };
    paths.into_iter().find(is_library).map(PathBuf::from)
}

fn stamp(path: &Path) -> Option<String> {
    let metadata = std::fs::metadata(path).ok()?;
    let changed = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    let (path, length) = (path.display(), metadata.len());
    Some(format!("{path}, {length} bytes, {} ns", changed.as_nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    #[test]
    fn the_library_is_found_among_what_is_loaded() {
        let line = |path: &str| format!("7f1c2a000000-7f1c2a400000 r-xp 00000000 08:01 1234   {path}\n");
        let maps = [
            "7ffd1000-7ffd2000 rw-p 00000000 00:00 0\n".to_owned(),
            line("/opt/cuda/lib64/libnvrtc-builtins.so.13.0"),
            line("/opt/libnvrtc.so/libcuda.so.1"),
            line("/opt/my cuda/lib64/libnvrtc.so.13.0.88"),
        ];
        let expected = Some(PathBuf::from("/opt/my cuda/lib64/libnvrtc.so.13.0.88"));
        assert_eq!(path_in(&maps.concat()), expected);
        assert_eq!(path_in(&maps[..3].concat()), None);
    }

    #[test]
    fn another_file_at_the_same_place_has_another_stamp() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("libnvrtc.so.13");
        assert_eq!(stamp(&path), None);
        std::fs::write(&path, "one")?;
        let first = stamp(&path);
        std::fs::write(&path, "longer")?;
        let second = stamp(&path);
        let later = SystemTime::now() + Duration::from_secs(60);
        std::fs::File::options()
            .write(true)
            .open(&path)?
            .set_modified(later)?;
        let third = stamp(&path);
        assert!(first.is_some() && first != second && second != third && first != third);
        Ok(())
    }
}
