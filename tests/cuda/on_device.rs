//! Operations on the emulated device against the same operations on the CPU.

use super::emulated::Emulated;
use crossmax::Result;
use crossmax::device::Accelerator;
use crossmax::tensor::Tensor;
use crossmax::testing::conformance::compare_places;
use crossmax::testing::{Case, Place};
use std::sync::Arc;

/// Demands that output and gradients agree with the CPU's in f32, in several orders of threads and blocks.
pub fn demand_same_as_cpu(cases: &[Case]) -> Result<()> {
    for seed in [1, 2] {
        let report = compare_places::<f32>(cases, &Place::Accelerator(Emulated::open(seed)))?;
        assert!(report.passed(), "seed {seed}: {report}");
    }
    Ok(())
}

/// Demands the same bits from `function` on the device as on the CPU, for operations that round nothing
/// or in the same order.
pub fn demand_same_bits(
    what: &str,
    inputs: &[Tensor],
    function: impl Fn(&[Tensor]) -> Result<Vec<Tensor>>,
) -> Result<()> {
    let device: Arc<dyn Accelerator> = Emulated::open(3);
    let there = inputs.iter().map(|tensor| tensor.to_device(&device));
    let found = function(&there.collect::<Result<Vec<_>>>()?)?;
    let expected = function(inputs)?;
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let accelerator = found
            .accelerator()
            .unwrap_or_else(|| panic!("{what}: result {i} left the device"));
        assert!(
            Arc::ptr_eq(accelerator, &device),
            "{what}: result {i} is elsewhere"
        );
        assert_eq!(found.dims(), expected.dims(), "{what}: result {i}");
        assert_eq!(bits(found)?, bits(expected)?, "{what}: result {i}");
    }
    Ok(())
}

/// The bits of every element; every NaN counts as the same.
fn bits(tensor: &Tensor) -> Result<Vec<u32>> {
    let bits = |x: f32| {
        if x.is_nan() {
            f32::NAN.to_bits()
        } else {
            x.to_bits()
        }
    };
    Ok(tensor.to_vec()?.into_iter().map(bits).collect())
}
