//! Registers and local memory of the compiled kernels.

use super::cubin::{Usage, usage};
use super::{Target, compiler_is_present, nvrtc};

/// Kernels with local memory that is no spilled register, and how many bytes at most. The cosine of an
/// f64 keeps the digits of a large argument there.
const LOCAL_MEMORY: [(&str, u32); 2] = [("view_stack_down", 56), ("view_stack_up", 56)];

/// What is wrong with the needs of a kernel, if anything is.
fn complaint(entry: &str, usage: Usage) -> Option<String> {
    let allowed = LOCAL_MEMORY.iter().find(|(name, _)| *name == entry);
    let allowed = allowed.map_or(0, |&(_, bytes)| bytes);
    (usage.local_bytes > allowed).then(|| {
        format!(
            "{entry}: {} bytes of local memory, expected {allowed} (spilled registers?)",
            usage.local_bytes
        )
    })
}

/// Demands that no kernel spills registers, and prints what each needs.
pub fn demand_no_spills<'a>(cubin: &[u8], entries: impl Iterator<Item = &'a str>, target: &Target) {
    let usage = usage(cubin).expect("a cubin");
    for entry in entries {
        let needs = usage.get(entry).copied();
        let needs = needs.unwrap_or_else(|| panic!("{entry} for {target}: no needs"));
        println!("{target} {entry}: {} registers", needs.registers);
        assert!(needs.registers > 0, "{entry} for {target}");
        assert_eq!(complaint(entry, needs), None, "for {target}");
    }
}

/// More numbers alive at once than a thread of such a block has registers: all of them are read before
/// the first result is written, which may be where one of them was.
const SPILLING: &str = "
extern \"C\" __global__ void __launch_bounds__(1024) spills(const float* x, float* y) {
    float numbers[160];
    #pragma unroll
    for (int i = 0; i < 160; ++i) numbers[i] = x[i * 1024 + threadIdx.x];
    #pragma unroll
    for (int i = 0; i < 160; ++i) y[i * 1024 + threadIdx.x] = numbers[i] * numbers[(i * 73 + 11) % 160];
}";

#[test]
fn a_kernel_that_spills_is_found() {
    if !compiler_is_present() {
        return;
    }
    let target = Target::of_capability(8, 0);
    let compiled = nvrtc::compile("spills.cu", SPILLING, &target).unwrap();
    let needs = usage(&compiled.cubin).unwrap()["spills"];
    assert_eq!(needs.registers, 64);
    let found = complaint("spills", needs).unwrap_or_default();
    assert!(found.contains("bytes of local memory, expected 0"), "{found}");
}

#[test]
fn what_is_no_cubin_is_refused() {
    assert_eq!(usage(b""), None);
    assert_eq!(usage(&[0; 64]), None);
    assert_eq!(usage(&[0xff; 256]), None);
}
