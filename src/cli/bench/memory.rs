//! The most memory this process has held.

use std::fs::read_to_string;

/// Bytes, where the system tells them in a file.
pub fn peak_bytes() -> Option<u64> {
    high_water(&read_to_string("/proc/self/status").ok()?)
}

/// The largest resident set in the text of `/proc/self/status`.
fn high_water(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::high_water;

    #[test]
    fn the_systems_file_is_understood() {
        let text = "VmPeak:\t  99 kB\nVmHWM:\t    2048 kB\nVmRSS:\t 1 kB\n";
        assert_eq!(high_water(text), Some(2 << 20));
        assert_eq!(high_water("VmHWM:\t lots"), None);
        assert_eq!(high_water(""), None);
    }
}
