//! The system, its processor and its memory.

use super::finding::{Finding, in_units};
use serde_json::json;
use std::env::consts::{ARCH, OS};
use std::fs::read_to_string;
use std::thread::available_parallelism;

/// The operating system.
pub fn system() -> Finding {
    Finding::found("system", format!("{OS}, {ARCH}")).with(json!({ "os": OS, "architecture": ARCH }))
}

/// The processor, and those of its instructions that the engine is faster with.
pub fn cpu() -> Finding {
    // Where there is no such file the architecture must do.
    let name = read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| cpu_name(&text));
    let name = name.unwrap_or_else(|| ARCH.to_owned());
    let threads = available_parallelism().map_or(1, usize::from);
    let features = features();
    let told = match features.as_slice() {
        [] => "no vector instructions known to this program".to_owned(),
        some => some.join(", "),
    };
    let text = format!("{name}, {threads} threads, {told}");
    Finding::found("cpu", text).with(json!({ "name": name, "threads": threads, "features": features }))
}

/// The memory, where the system tells it in a file.
pub fn memory() -> Finding {
    let text = read_to_string("/proc/meminfo").unwrap_or_default();
    match (kibibytes(&text, "MemTotal:"), kibibytes(&text, "MemAvailable:")) {
        (Some(total), Some(available)) => {
            let (total, available) = (total * 1024, available * 1024);
            let text = format!("{}, {} of it available", in_units(total), in_units(available));
            let details = json!({ "total_bytes": total, "available_bytes": available });
            Finding::found("memory", text).with(details)
        }
        _ => Finding::found("memory", "size not known on this system"),
    }
}

/// The model in the text of `/proc/cpuinfo`.
fn cpu_name(text: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    let (_, name) = line.split_once(':')?;
    Some(name.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A number in the text of `/proc/meminfo`.
fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(target_arch = "x86_64")]
fn features() -> Vec<&'static str> {
    let known = [
        ("AVX2", is_x86_feature_detected!("avx2")),
        ("FMA", is_x86_feature_detected!("fma")),
        ("AVX-512", is_x86_feature_detected!("avx512f")),
    ];
    let there = known.into_iter().filter(|(_, is_there)| *is_there);
    there.map(|(name, _)| name).collect()
}

#[cfg(target_arch = "aarch64")]
fn features() -> Vec<&'static str> {
    vec!["NEON"] // Every processor of this architecture has it.
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn features() -> Vec<&'static str> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_files_are_understood() {
        let text = "processor\t: 0\nmodel name\t: AMD EPYC 9R14  Processor\nmodel name\t: other\n";
        assert_eq!(cpu_name(text).as_deref(), Some("AMD EPYC 9R14 Processor"));
        assert_eq!(cpu_name("model name"), None);
        let text = "MemTotal:       16316412 kB\nMemAvailable:   12 kB\nMemFree: many kB\n";
        assert_eq!(kibibytes(text, "MemTotal:"), Some(16_316_412));
        assert_eq!(kibibytes(text, "MemAvailable:"), Some(12));
        assert_eq!(kibibytes(text, "MemFree:"), None);
        assert_eq!(kibibytes(text, "SwapTotal:"), None);
    }
}
