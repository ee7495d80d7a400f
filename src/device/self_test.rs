//! Whether a device works: one small kernel, from its source to its result.

use super::kernels::arrange::{FILL, FillArgs};
use super::{Accelerator, LaunchDims};
use crate::{Error, Result};
use std::time::{Duration, Instant};

/// How long it took.
#[derive(Clone, Copy, Debug)]
pub struct SelfTest {
    /// The kernel alone, as the device measured it, in milliseconds.
    pub kernel_ms: f64,
    /// Everything: compiling or finding the kernel, loading, launching, and copying back.
    pub total: Duration,
}

/// Compiles a kernel, launches it and checks what it wrote.
///
/// # Errors
/// What went wrong on the way; [`Error::Device`] if the result is wrong.
pub fn self_test(accelerator: &dyn Accelerator) -> Result<SelfTest> {
    const ELEMENTS: usize = 1000;
    const VALUE: f32 = 1.5;
    let begin = Instant::now();
    let memory = accelerator.allocate(ELEMENTS * size_of::<f32>())?;
    let args = FillArgs {
        out: memory.address(),
        elements: ELEMENTS as u64,
        value: VALUE,
        unused: 0,
    };
    let fill = || FILL.launch(accelerator, LaunchDims::for_elements(ELEMENTS), &args);
    // The first launch also loads.
    fill()?;
    let start = accelerator.record()?;
    fill()?;
    let end = accelerator.record()?;
    let mut bytes = vec![0; memory.bytes()];
    accelerator.copy_to_host(&memory, &mut bytes)?;
    let wrong = bytes
        .chunks_exact(4)
        .position(|value| value != VALUE.to_ne_bytes());
    if let Some(element) = wrong {
        return Err(Error::Device {
            device: accelerator.name(),
            doing: "running a test kernel".to_owned(),
            reason: format!("element {element} of its result is wrong"),
            advice: "the device or its driver is defective; use --device cpu".to_owned(),
        });
    }
    Ok(SelfTest {
        kernel_ms: accelerator.elapsed_ms(&start, &end)?,
        total: begin.elapsed(),
    })
}
