//! Launches of the maximum pooling kernels.

use super::{Geometry, OP};
use crate::device::kernels::max_pool2d::{BACKWARD, FORWARD, MaxPool2dArgs};
use crate::device::{Accelerator, DeviceAddress, DeviceAllocation, LaunchDims};
use crate::ops::launch::int;
use crate::tensor::{BitMask, Element, Tensor};
use crate::{Error, Result};
use std::sync::Arc;

type Device = Arc<dyn Accelerator>;

fn arguments<T: Element>(
    g: &Geometry,
    x: &Tensor<T>,
    y: &Tensor<T>,
    positions: &DeviceAllocation,
) -> Result<MaxPool2dArgs> {
    // Positions are u32, and the padded sides are counted too.
    if u32::try_from(g.image()).is_err() {
        let expected = format!("at most {} elements of an image on a device", u32::MAX);
        return Err(Error::argument(OP, "self", expected, g.image()));
    }
    let [n, h, w, c] = g.input;
    for side in [h, w] {
        int(OP, side.saturating_add(2 * g.padding))?;
    }
    Ok(MaxPool2dArgs {
        x: x.address(),
        y: y.address(),
        positions: positions.address(),
        sum: DeviceAddress::NULL,
        mask: DeviceAddress::NULL,
        n: int(OP, n)?,
        h: int(OP, h)?,
        w: int(OP, w)?,
        c: int(OP, c)?,
        p: int(OP, g.output[1])?,
        q: int(OP, g.output[2])?,
        window: int(OP, g.kernel)?,
        stride: int(OP, g.stride)?,
        padding: int(OP, g.padding)?,
        unused: 0,
    })
}

/// The maxima and their positions.
pub(super) fn forward<T: Element>(
    device: &Device,
    g: &Geometry,
    x: &Tensor<T>,
) -> Result<(Tensor<T>, DeviceAllocation)> {
    let y = Tensor::dirty_on(device, g.output)?;
    let positions = device.allocate(y.len() * size_of::<u32>())?;
    let args = arguments(g, x, &y, &positions)?;
    FORWARD.launch(&**device, LaunchDims::for_elements(y.len()), &args)?;
    Ok((y, positions))
}

/// The gradient of the input, added to `sum` if there is one, with zeros where `mask` has none.
pub(super) fn backward<T: Element>(
    device: &Device,
    g: &Geometry,
    dy: &Tensor<T>,
    positions: &DeviceAllocation,
    sum: Option<&Tensor<T>>,
    mask: Option<&BitMask>,
) -> Result<Tensor<T>> {
    let dx = Tensor::dirty_on(device, g.input)?;
    let args = MaxPool2dArgs {
        sum: sum.map_or(DeviceAddress::NULL, Tensor::address),
        mask: mask.map_or(DeviceAddress::NULL, BitMask::address),
        ..arguments(g, &dx, dy, positions)?
    };
    BACKWARD.launch(&**device, LaunchDims::for_elements(dx.len()), &args)?;
    Ok(dx)
}
