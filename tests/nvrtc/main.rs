//! Compiles every kernel with NVRTC, which needs no GPU: sources, headers, and the contract between
//! the kernels' argument structs and Rust's; no kernel spills registers.
//!
//! Without `libnvrtc` the tests say so and pass, unless `CROSSMAX_REQUIRE_NVRTC=1`.

mod cubin;
mod instructions;
mod resources;

use crossmax::Error;
use crossmax::device::KernelCache;
use crossmax::device::kernels::{FILES, signatures, translation_unit};
use crossmax::device::nvrtc::{self, Target};
use std::io::Write as _;
use std::path::Path;

/// Whether to go on: `libnvrtc` is there, or its absence was reported.
fn compiler_is_present() -> bool {
    if nvrtc::is_present() {
        return true;
    }
    let required = std::env::var_os("CROSSMAX_REQUIRE_NVRTC").is_some_and(|value| value == "1");
    assert!(!required, "CROSSMAX_REQUIRE_NVRTC=1, but libnvrtc was not found");
    // Not eprintln!, whose output the test harness hides when the test passes.
    let _ = writeln!(std::io::stderr(), "skipped: libnvrtc not found");
    false
}

/// Turing, both Amperes, Ada and Hopper.
const CAPABILITIES: [(u32, u32); 5] = [(7, 5), (8, 0), (8, 6), (8, 9), (9, 0)];

fn targets() -> impl Iterator<Item = Target> {
    CAPABILITIES
        .into_iter()
        .map(|(major, minor)| Target::of_capability(major, minor))
}

fn cuda_sources() -> impl Iterator<Item = &'static str> {
    FILES
        .iter()
        .filter(|file| !file.is_header())
        .map(|file| file.name)
}

/// The compiler's log for a source that it must refuse.
fn log_of_refused(name: &str, source: &str) -> String {
    match nvrtc::compile(name, source, &Target::of_capability(8, 0)) {
        Err(Error::Kernel { kernel, options, log }) => {
            assert_eq!(kernel, name);
            assert!(options.contains("--gpu-architecture=sm_80"), "{options}");
            log
        }
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("{name} compiled"),
    }
}

#[test]
fn every_kernel_compiles_for_every_target_without_warnings_or_spills() {
    if !compiler_is_present() {
        return;
    }
    for (capability, target) in CAPABILITIES.into_iter().zip(targets()) {
        for name in cuda_sources() {
            let unit = translation_unit(name).unwrap();
            let compiled = nvrtc::compile(name, &unit, &target)
                .unwrap_or_else(|error| panic!("{name} for {target}: {error}"));
            assert_eq!(compiled.log, "", "{name} for {target}");
            assert!(compiled.cubin.starts_with(b"\x7fELF"), "{name} for {target}");
            let kernels = signatures()
                .filter(|kernel| kernel.source() == name && kernel.least_capability() <= capability);
            resources::demand_no_spills(&compiled.cubin, kernels.map(|kernel| kernel.entry()), &target);
        }
    }
}

/// What the emulator is tested with is CUDA C++ too: the tensor cores' instructions above all.
#[test]
fn the_emulators_test_kernels_compile_for_every_target_without_warnings() {
    if !compiler_is_present() {
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/emulator");
    for folder in ["probes", "wrong_kernels"].map(|name| folder.join(name)) {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let (name, source) = (
                path.display().to_string(),
                std::fs::read_to_string(&path).unwrap(),
            );
            for target in targets() {
                let compiled = nvrtc::compile(&name, &source, &target)
                    .unwrap_or_else(|error| panic!("{name} for {target}: {error}"));
                assert_eq!(compiled.log, "", "{name} for {target}");
            }
        }
    }
}

/// Compiled twice it is compiled once, and every change of what the compiler gets is another key.
#[test]
fn what_was_compiled_is_kept_on_disk() {
    if !compiler_is_present() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let cache = KernelCache::at(folder.path());
    let target = Target::of_capability(8, 0);
    let unit = translation_unit("resize.cu").unwrap();
    let key = nvrtc::key("resize.cu", &unit, &target).unwrap();
    let compile = || Ok(nvrtc::compile("resize.cu", &unit, &target)?.cubin);
    let compiled = cache.find_or_compile(&key, compile).unwrap();
    assert!(compiled.starts_with(b"\x7fELF"));
    let found = cache.find_or_compile(&key, || panic!("compiled again")).unwrap();
    assert_eq!(found, compiled);
    assert_eq!(cache.contents().unwrap().files, 1);

    let others = [
        nvrtc::key("resize2.cu", &unit, &target),
        nvrtc::key("resize.cu", &format!("{unit} "), &target),
        nvrtc::key("resize.cu", &unit, &Target::of_capability(8, 6)),
    ];
    assert!(others.into_iter().all(|other| other.unwrap() != key));
    assert_eq!(nvrtc::key("resize.cu", &unit, &target).unwrap(), key);
}

#[test]
fn a_struct_laid_out_otherwise_does_not_compile() {
    if !compiler_is_present() {
        return;
    }
    let unit = translation_unit("resize.cu").unwrap();
    for (from, to, complaint) in [
        ("int n, h, w, c;", "int n, w, h, c;", "ResizeArgs::h"),
        ("int p, q;\n};", "int p, q, extra[2];\n};", "size of ResizeArgs"),
        ("int n, h, w, c;", "int n, height, w, c;", "no member \"h\""),
    ] {
        assert!(unit.contains(from), "{from}");
        let log = log_of_refused("resize.cu", &unit.replacen(from, to, 1));
        assert!(log.contains(complaint), "{to}: {log}");
    }
}

#[test]
fn a_kernel_that_takes_another_struct_does_not_compile() {
    if !compiler_is_present() {
        return;
    }
    let unit = translation_unit("resize.cu").unwrap();
    let parameter = "resize_bicubic(const __grid_constant__ ResizeArgs a)";
    assert!(unit.contains(parameter));
    let changed = "resize_bicubic(const __grid_constant__ ResizeArgs a, int more)";
    let log = log_of_refused("resize.cu", &unit.replacen(parameter, changed, 1));
    assert!(log.contains("contract with Rust"), "{log}");
}

#[test]
fn messages_name_file_and_line() {
    if !compiler_is_present() {
        return;
    }
    let log = log_of_refused("broken.cu", "#include \"common.cuh\"\nint x = ;\n");
    assert!(log.contains("broken.cu(2)"), "{log}");
}

#[test]
fn kernels_reach_no_header_but_ours() {
    if !compiler_is_present() {
        return;
    }
    let log = log_of_refused("half.cu", "#include <cuda_fp16.h>\n");
    assert!(log.contains("cuda_fp16.h"), "{log}");
}
