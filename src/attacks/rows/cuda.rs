//! Launches for numbers and sums of rows.

use super::row_len;
use crate::Result;
use crate::device::kernels::attack::{ADD_DRAWS, DrawsArgs, LARGEST, LargestArgs};
use crate::device::{Accelerator, DeviceAddress, LaunchDims};
use crate::tensor::{Element, Tensor};
use std::ops::Range;
use std::sync::Arc;

/// The largest |x − y| of every row, on the host; of `x` alone without `y`.
pub(super) fn largest<T: Element>(
    device: &Arc<dyn Accelerator>,
    x: &Tensor<T>,
    y: Option<&Tensor<T>>,
) -> Result<Vec<T>> {
    let images = x.shape().axis(0);
    let out = Tensor::<T>::dirty_on(device, [images])?;
    let args = LargestArgs {
        x: x.address(),
        y: y.map_or(DeviceAddress::NULL, Tensor::address),
        out: out.address(),
        images: images as u64,
        pixels: row_len(x) as u64,
    };
    LARGEST.launch(&**device, LaunchDims::for_rows(images), &args)?;
    out.to_vec()
}

/// As [`super::add_draws`], which has checked the arguments.
pub(super) fn add_draws<T: Element>(
    device: &Arc<dyn Accelerator>,
    sums: &mut Tensor<T>,
    gradients: &Tensor<T>,
    rows: Range<usize>,
    draws: usize,
) -> Result<()> {
    sums.make_own()?;
    let pixels = row_len(gradients);
    let images = rows.end.div_ceil(draws) - rows.start / draws;
    let args = DrawsArgs {
        gradients: gradients.address(),
        sums: sums.address(),
        pixels: pixels as u64,
        draws: draws as u64,
        first: rows.start as u64,
        rows: rows.len() as u64,
    };
    ADD_DRAWS.launch(&**device, LaunchDims::for_elements(images * pixels), &args)
}
