//! Launches of the resize kernels.

use super::{OP, Sizes};
use crate::device::kernels::resize::{BICUBIC, BICUBIC_ADJOINT, ResizeArgs};
use crate::device::{Accelerator, LaunchDims};
use crate::ops::launch::int;
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};
use std::sync::Arc;

type Device = Arc<dyn Accelerator>;

/// The longest side of a picture whose coordinates the kernels' exact fractions can hold.
const LONGEST_SIDE: usize = 16_384;

/// The lengths as the kernels' arguments, with the tensor of the size before (`x`) and after (`y`).
fn arguments<T: Element>(sizes: &Sizes, x: &Tensor<T>, y: &Tensor<T>) -> Result<ResizeArgs> {
    let side = |side: usize| match side <= LONGEST_SIDE {
        true => int(OP, side),
        false => {
            let expected = format!("at most {LONGEST_SIDE} pixels on a device");
            Err(Error::argument(OP, "side", expected, side))
        }
    };
    Ok(ResizeArgs {
        x: x.address(),
        y: y.address(),
        n: int(OP, sizes.images)?,
        h: side(sizes.from[0])?,
        w: side(sizes.from[1])?,
        c: int(OP, sizes.channels)?,
        p: side(sizes.to[0])?,
        q: side(sizes.to[1])?,
    })
}

/// The resized pictures.
pub(super) fn forward<T: Element>(device: &Device, sizes: &Sizes, x: &Tensor<T>) -> Result<Tensor<T>> {
    let y = Tensor::dirty_on(device, sizes.pictures(sizes.to))?;
    let args = arguments(sizes, x, &y)?;
    BICUBIC.launch(&**device, LaunchDims::for_elements(y.len()), &args)?;
    Ok(y)
}

/// The adjoint: from the gradient of the resized pictures to that of the input.
pub(super) fn adjoint<T: Element>(device: &Device, sizes: &Sizes, dy: &Tensor<T>) -> Result<Tensor<T>> {
    let dx = Tensor::dirty_on(device, sizes.pictures(sizes.from))?;
    let args = arguments(sizes, &dx, dy)?;
    BICUBIC_ADJOINT.launch(&**device, LaunchDims::for_elements(dx.len()), &args)?;
    Ok(dx)
}
