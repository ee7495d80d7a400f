//! NVIDIA's driver, its kernel compiler, and the GPUs.

use super::finding::{Finding, in_units};
use crossmax::device::cuda::DeviceInfo;
use crossmax::device::{Accelerator, cuda, nvrtc, self_test};
use crossmax::ops::Precision;
use serde_json::json;
use std::fs::read_to_string;

/// Driver, NVRTC, and two findings for each GPU: that it is there, and that it works.
pub fn findings() -> Vec<Finding> {
    let driver = cuda::driver_version();
    let newest = driver.as_ref().ok().copied();
    let mut findings = vec![
        driver.map_or_else(|error| Finding::failed("driver", error), driver_found),
        nvrtc::version().map_or_else(
            |error| Finding::failed("nvrtc", error),
            |version| nvrtc_found(version, newest),
        ),
    ];
    match cuda::devices() {
        // The line on the driver has said all.
        Err(_) if newest.is_none() => findings.push(no_gpu("none that can be used without the driver")),
        Err(error) => findings.push(Finding::failed("gpu", error)),
        Ok(devices) if devices.is_empty() => findings.push(no_gpu("the driver knows none")),
        Ok(devices) => findings.extend(devices.iter().flat_map(gpu)),
    }
    findings
}

fn driver_found((major, minor): (i32, i32)) -> Finding {
    let module = read_to_string("/proc/driver/nvidia/version").ok();
    let module = module.as_deref().and_then(module_version);
    let version = module.map_or_else(String::new, |version| format!("version {version}, "));
    let details = json!({ "cuda": format!("{major}.{minor}"), "version": module });
    Finding::found("driver", format!("{version}for CUDA {major}.{minor} and older")).with(details)
}

fn nvrtc_found((major, minor): (i32, i32), driver: Option<(i32, i32)>) -> Finding {
    // The library was loaded to ask for its version.
    let maps = read_to_string("/proc/self/maps").ok();
    let path = maps.as_deref().and_then(nvrtc_path);
    let place = path.map_or_else(String::new, |path| format!(", {path}"));
    let details = json!({ "version": format!("{major}.{minor}"), "path": path });
    let finding = Finding::found("nvrtc", format!("version {major}.{minor}{place}")).with(details);
    match driver {
        // A driver loads what any older compiler made, and what those of its own major version make.
        Some((newest, _)) if major > newest => Finding {
            advice: Some(format!(
                "the driver may refuse what NVRTC {major} makes: update the driver, or put libnvrtc.so.{newest} \
                 on LD_LIBRARY_PATH"
            )),
            ..finding
        },
        _ => finding,
    }
}

fn no_gpu(text: &str) -> Finding {
    let advice = "use a machine with an NVIDIA GPU of compute capability 7.5 or newer for --device cuda";
    Finding::missing("gpu", text, advice)
}

/// That the GPU is there, and whether it works.
fn gpu(info: &DeviceInfo) -> [Finding; 2] {
    let name = format!("cuda:{}", info.ordinal);
    let works = format!("{name} works");
    let opened = cuda::open(info.ordinal);
    let precisions = opened
        .as_ref()
        .map_or_else(|_| Vec::new(), |device| precisions(device.as_ref()));
    let (major, minor) = info.compute_capability;
    let mut text = format!(
        "{}, compute capability {major}.{minor}, {}",
        info.model,
        in_units(info.memory_bytes as u64)
    );
    if !precisions.is_empty() {
        text += &format!(", {}", precisions.join(" "));
    }
    let details = json!({
        "ordinal": info.ordinal,
        "model": info.model,
        "compute_capability": [major, minor],
        "memory_bytes": info.memory_bytes,
        "precisions": precisions,
    });
    let tested = opened.and_then(|device| self_test(device.as_ref()));
    let tested = tested.map_or_else(
        |error| Finding::failed(&works, error),
        |test| {
            let (total, kernel) = (test.total.as_secs_f64() * 1e3, test.kernel_ms);
            let text =
                format!("compiled, loaded and ran a kernel in {total:.0} ms ({kernel:.3} ms on the GPU)");
            let details = json!({ "total_ms": total, "kernel_ms": kernel });
            Finding::found(&works, text).with(details)
        },
    );
    [Finding::found(&name, text).with(details), tested]
}

/// What the device multiplies in.
fn precisions(device: &dyn Accelerator) -> Vec<&'static str> {
    use Precision::{Bf16, F16, F32, Tf32};
    let all = [(F32, "f32"), (Tf32, "tf32"), (Bf16, "bf16"), (F16, "f16")];
    let there = all.into_iter().filter(|(p, _)| p.or_f32(device) == *p);
    there.map(|(_, name)| name).collect()
}

/// The driver's own version in the text of `/proc/driver/nvidia/version`.
fn module_version(text: &str) -> Option<&str> {
    let line = text.lines().find(|line| line.starts_with("NVRM version"))?;
    let is_version = |word: &&str| word.contains('.') && word.chars().all(|c| c.is_ascii_digit() || c == '.');
    line.split_whitespace().find(is_version)
}

/// Where NVRTC was loaded from, in the text of `/proc/self/maps`.
fn nvrtc_path(text: &str) -> Option<&str> {
    let paths = text
        .lines()
        .filter_map(|line| line.find('/').map(|at| &line[at..]));
    let is_nvrtc = |path: &&str| {
        path.rsplit('/')
            .next()
            .is_some_and(|name| name.starts_with("libnvrtc.so"))
    };
    paths.into_iter().find(is_nvrtc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_files_are_understood() {
        let text = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build  (x)\n\
                    GCC version:  gcc version 12.3.0\n";
        assert_eq!(module_version(text), Some("580.65.06"));
        assert_eq!(module_version("GCC version: 12.3"), None);
        let text = "7f00-7f01 r-xp 0 08:01 12    /usr/lib/libc.so.6\n\
                    7f02-7f03 r--p 0 08:01 13    /opt/cuda/libnvrtc-builtins.so.13.0\n\
                    7f02-7f03 r--p 0 08:01 14    /opt/a b/libnvrtc.so.13\n\
                    7f04-7f05 rw-p 0 00:00 0\n";
        assert_eq!(nvrtc_path(text), Some("/opt/a b/libnvrtc.so.13"));
        assert_eq!(nvrtc_path(""), None);
    }

    #[test]
    fn a_compiler_newer_than_the_driver_is_told() {
        assert_eq!(nvrtc_found((12, 4), Some((13, 0))).advice, None);
        assert_eq!(nvrtc_found((13, 4), Some((13, 0))).advice, None);
        assert_eq!(nvrtc_found((13, 0), None).advice, None);
        let advice = nvrtc_found((13, 0), Some((12, 8))).advice.unwrap_or_default();
        assert!(advice.contains("libnvrtc.so.12"), "{advice}");
    }
}
