//! Launch of the circular shift.

use crate::device::kernels::arrange::{ROLL, RollArgs};
use crate::device::{Accelerator, LaunchDims};
use crate::tensor::{DeviceArray, Element, Tensor};
use crate::{Error, Result};
use std::sync::Arc;

/// Every image moved by its shift: rows down in 0..h, columns right in 0..w.
pub(super) fn rolled<T: Element>(
    device: &Arc<dyn Accelerator>,
    x: &Tensor<T>,
    lengths: [usize; 3],
    shifts: &[[usize; 2]],
) -> Result<Tensor<T>> {
    let mut kernel_lengths = [0; 3];
    for (to, length) in kernel_lengths.iter_mut().zip(lengths) {
        *to = i32::try_from(length)
            .map_err(|_| Error::argument("roll", "length", format!("at most {}", i32::MAX), length))?;
    }
    let [h, w, c] = kernel_lengths;
    // Below the lengths, which fit.
    let shifts: Vec<[i32; 2]> = shifts.iter().map(|shift| shift.map(|by| by as i32)).collect();
    let shifts = DeviceArray::of(&**device, &shifts)?;
    let out = Tensor::dirty_on(device, *x.shape())?;
    let args = RollArgs {
        x: x.address(),
        out: out.address(),
        shifts: shifts.address(),
        elements: out.len() as u64,
        h,
        w,
        c,
        unused: 0,
    };
    ROLL.launch(&**device, LaunchDims::for_elements(out.len()), &args)?;
    Ok(out)
}
