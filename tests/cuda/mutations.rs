//! Tests of the tests: each mistake that is put into a kernel is found by the comparison of that
//! kernel's file with the CPU, as a wrong result or by the emulator.

use super::emulated::Emulated;
use super::on_device::skips_emulator;
use super::operands::SEEDS;
use super::{
    arrange, attacks, batch_norm, conv2d, conv2d_tiles, conv2d_warpgroups, elementwise, gemm, losses,
    optimisers, pools, rectified_convs, reduce, resize, softmax, view_stack,
};
use crossmax::Result;
use crossmax::testing::conformance::{compare_places, compare_with_f64};
use crossmax::testing::{Case, Place};
use crossmax_emulator::mutations::MUTATIONS;
use std::collections::BTreeSet;

/// The file whose kernels are no operations: optimisers have a comparison of their own.
pub const OPTIMISER: &str = "optimiser.cu";
/// The same of attacks.
pub const ATTACK: &str = "attack.cu";

/// The same of the kernels of compute capability 9.0.
pub const WARPGROUPS: &str = "conv2d_warpgroup.cu";

/// The cases that a file of operations is tested with.
pub fn cases_of(source: &str) -> Result<Vec<Case>> {
    match source {
        "arrange.cu" => arrange::cases(),
        "avg_pool2d.cu" => pools::avg_cases(),
        "batch_norm.cu" => batch_norm::cases(),
        "column_sums.cu" => conv2d::bias_cases(),
        "conv2d.cu" => conv2d::cases(),
        "conv2d_gemm.cu" => Ok([conv2d_tiles::f32_cases()?, rectified_convs::f32_cases()?].concat()),
        "conv2d_tensor.cu" => Ok([
            conv2d_tiles::tensor_core_cases()?,
            rectified_convs::tensor_core_cases()?,
        ]
        .concat()),
        WARPGROUPS => conv2d_warpgroups::cases(),
        "cross_entropy.cu" => losses::cross_entropy_cases(),
        "dlr.cu" => losses::dlr_cases(),
        "elementwise.cu" => Ok([elementwise::cases()?, rectified_convs::f32_cases()?].concat()),
        "gemm.cu" => gemm::cases(),
        "max_pool2d.cu" => Ok([pools::max_cases()?, rectified_convs::stem_cases()?].concat()),
        "reduce.cu" => reduce::cases(),
        "resize.cu" => resize::cases(),
        "softmax.cu" => softmax::cases(),
        "view_stack.cu" => view_stack::cases(),
        _ => panic!("{source}: its comparison with the CPU is not listed here"),
    }
}

/// How a mutation was found, if it was.
fn find(mutation: &'static str, source: &str) -> Result<Option<String>> {
    if source == OPTIMISER {
        let found = optimisers::difference(&Emulated::with_mutation(SEEDS[0], mutation));
        return Ok(found.unwrap_or_else(|error| Some(error.to_string())));
    }
    if source == ATTACK {
        let found = attacks::difference(&Emulated::with_mutation(SEEDS[0], mutation));
        return Ok(found.unwrap_or_else(|error| Some(error.to_string())));
    }
    let cases = cases_of(source)?;
    for seed in SEEDS {
        let device = match source {
            WARPGROUPS => Emulated::hopper(seed, mutation),
            _ => Emulated::with_mutation(seed, mutation),
        };
        if source == WARPGROUPS {
            match conv2d_warpgroups::difference(&device) {
                Ok(None) => {}
                Ok(found) => return Ok(found),
                Err(error) => return Ok(Some(error.to_string())),
            }
        }
        let place = Place::Accelerator(device);
        let report = match source {
            // Integers, which the CPU's Winograd transforms round.
            WARPGROUPS => compare_with_f64::<f32>(&cases, &place),
            _ => compare_places::<f32>(&cases, &place),
        };
        match report {
            Ok(report) if report.passed() => {}
            Ok(report) => return Ok(report.mismatches.first().map(ToString::to_string)),
            Err(error) => return Ok(Some(error.to_string())),
        }
    }
    Ok(None)
}

#[test]
fn every_mutation_is_found() -> Result<()> {
    if skips_emulator() {
        return Ok(());
    }
    for mutation in MUTATIONS {
        let found = find(mutation.name, mutation.source)?;
        let found = found.unwrap_or_else(|| panic!("{} was not found", mutation.name));
        println!("{}: {found}", mutation.name);
    }
    Ok(())
}

#[test]
fn missing_barriers_are_named() -> Result<()> {
    if skips_emulator() {
        return Ok(());
    }
    for (mutation, source) in [
        ("dropped_barrier", "column_sums.cu"),
        ("dropped_barrier_before_reuse", "batch_norm.cu"),
        ("dropped_barrier_after_staging", "gemm.cu"),
        ("dropped_barrier_before_staging", "gemm.cu"),
    ] {
        let found = find(mutation, source)?.unwrap_or_default();
        assert!(
            found.contains("no barrier between") || found.contains("nobody wrote"),
            "{mutation}: {found}"
        );
    }
    Ok(())
}

#[test]
fn every_file_has_a_mutation() {
    let mutated: BTreeSet<_> = MUTATIONS.iter().map(|mutation| mutation.source).collect();
    let files: BTreeSet<_> = crossmax::device::kernels::signatures()
        .map(|signature| signature.source())
        .collect();
    assert_eq!(mutated, files);
}
