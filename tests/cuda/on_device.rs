//! The device that the kernels are tested on, and operations on it against the same on the CPU.

use super::emulated::Emulated;
use super::mutations::WARPGROUPS;
use super::operands::SEEDS;
use crossmax::Result;
use crossmax::device::{Accelerator, cuda};
use crossmax::tensor::Tensor;
use crossmax::testing::conformance::compare_places;
use crossmax::testing::{Case, Place};
use std::env::VarError;
use std::io::Write as _;
use std::sync::{Arc, OnceLock};

/// Names the device under test: `emulator`, which is also meant where it is not set, or `cuda`, the CUDA
/// driver's first device.
const VARIABLE: &str = "CROSSMAX_TEST_DEVICE";

/// The GPU under test; nothing where it is the emulator.
fn gpu() -> Option<Arc<dyn Accelerator>> {
    static OPENED: OnceLock<Result<Option<Arc<dyn Accelerator>>, String>> = OnceLock::new();
    let opened = OPENED.get_or_init(|| match std::env::var(VARIABLE).as_deref() {
        Err(VarError::NotPresent) | Ok("emulator") => Ok(None),
        Ok("cuda") => cuda::open(0).map(Some).map_err(|error| error.to_string()),
        other => Err(format!("expected emulator or cuda, found {other:?}")),
    });
    // In every test, so that each says why it fails.
    opened
        .clone()
        .unwrap_or_else(|error| panic!("{VARIABLE}: {error}"))
}

/// The device under test; an emulated one draws its order of threads and blocks from `seed`.
pub fn open(seed: u64) -> Arc<dyn Accelerator> {
    gpu().unwrap_or_else(|| Emulated::open(seed))
}

/// The same for the kernels of a file, which may want a newer device.
pub fn open_for(source: &str, seed: u64) -> Arc<dyn Accelerator> {
    match source {
        WARPGROUPS => gpu().unwrap_or_else(|| Emulated::hopper(seed, "")),
        _ => open(seed),
    }
}

/// The devices under test: emulated ones with several orders of threads and blocks and layouts of memory,
/// or the GPU.
pub fn devices() -> Vec<Arc<dyn Accelerator>> {
    match gpu() {
        Some(gpu) => vec![gpu],
        None => SEEDS.map(Emulated::open).into(),
    }
}

/// Whether a test of the emulator itself is left out, since a GPU is tested; says so.
pub fn skips_emulator() -> bool {
    skips(gpu().is_some(), "the emulator")
}

/// Whether a test that is too large for the emulator is left out; says so.
pub fn skips_large_sizes() -> bool {
    skips(gpu().is_none(), "sizes for a GPU alone")
}

fn skips(left_out: bool, what: &str) -> bool {
    if left_out {
        let test = std::thread::current();
        // Not eprintln!, whose output the test harness hides when the test passes.
        let _ = writeln!(
            std::io::stderr(),
            "skipped: {} ({what})",
            test.name().unwrap_or_default()
        );
    }
    left_out
}

/// Demands that the operations give on every device under test what they give on the CPU in f32, output
/// and gradients.
pub fn demand_same_as_cpu(cases: &[Case]) -> Result<()> {
    for device in devices() {
        let name = device.name();
        let report = compare_places::<f32>(cases, &Place::Accelerator(device))?;
        assert!(report.passed(), "{name}: {report}");
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
    let device = open(3);
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
