//! The instructions of sm_90a that kernels are written for are in their machine code.

use super::cubin::operations;
use super::{Target, compiler_is_present, nvrtc};
use crossmax::device::kernels::translation_unit;

/// As `nvdisasm` names what these numbers stand for.
const WARPGROUP_PRODUCT: (&str, u16) = ("HGMMA", 0x1f0);
const COPY_OF_A_BOX: (&str, u16) = ("UTMALDG", 0x1b4);
const CHANGE_OF_REGISTERS: (&str, u16) = ("USETMAXREG", 0x1c8);

fn cubin_of(source: &str) -> Vec<u8> {
    let unit = translation_unit(source).unwrap();
    let compiled = nvrtc::compile(source, &unit, &Target::of_capability(9, 0));
    compiled.unwrap().cubin
}

/// How often a kernel has an instruction.
fn count(cubin: &[u8], entry: &str, (_, operation): (&str, u16)) -> usize {
    let operations = operations(cubin, entry).unwrap_or_else(|| panic!("{entry}: no code"));
    assert!(operations.len() > 100, "{entry}");
    operations.into_iter().filter(|&found| found == operation).count()
}

#[test]
fn warpgroups_multiply_what_the_copy_engine_brings() {
    if !compiler_is_present() {
        return;
    }
    let cubin = cubin_of("conv2d_warpgroup.cu");
    for format in ["f16", "bf16"] {
        // A stage is four products deep; the widest tile takes two side by side.
        for (tile, products) in [("n64", 4), ("n128", 4), ("n256", 8)] {
            let entry = format!("conv2d_wg_{format}_{tile}");
            for (instruction, least) in [
                (WARPGROUP_PRODUCT, products),
                (COPY_OF_A_BOX, 2),
                (CHANGE_OF_REGISTERS, 2),
            ] {
                let found = count(&cubin, &entry, instruction);
                assert!(
                    found >= least,
                    "{entry}: {found} {}, expected {least}",
                    instruction.0
                );
            }
        }
    }
}

#[test]
fn other_kernels_have_none_of_them() {
    if !compiler_is_present() {
        return;
    }
    let cubin = cubin_of("conv2d_tensor.cu");
    for instruction in [WARPGROUP_PRODUCT, COPY_OF_A_BOX, CHANGE_OF_REGISTERS] {
        let found = count(&cubin, "conv2d_forward_f16", instruction);
        assert_eq!(found, 0, "{}", instruction.0);
    }
}
