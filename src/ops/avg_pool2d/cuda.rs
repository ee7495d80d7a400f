//! Launches of the average pooling kernels.

use super::{Geometry, OP};
use crate::Result;
use crate::device::kernels::avg_pool2d::{AvgPool2dArgs, BACKWARD, FORWARD};
use crate::device::{Accelerator, LaunchDims};
use crate::ops::launch::int;
use crate::tensor::{Element, Tensor};
use std::sync::Arc;

type Device = Arc<dyn Accelerator>;

fn arguments<T: Element>(g: &Geometry, x: &Tensor<T>, y: &Tensor<T>) -> Result<AvgPool2dArgs> {
    let ([n, h, w, c], [_, p, q, _]) = (g.input, g.output);
    let ([rows, columns], [down, right]) = (g.options.kernel, g.options.stride);
    Ok(AvgPool2dArgs {
        x: x.address(),
        y: y.address(),
        n: int(OP, n)?,
        h: int(OP, h)?,
        w: int(OP, w)?,
        c: int(OP, c)?,
        p: int(OP, p)?,
        q: int(OP, q)?,
        window: [int(OP, rows)?, int(OP, columns)?],
        stride: [int(OP, down)?, int(OP, right)?],
        share: g.share() as f32,
        unused: 0,
    })
}

/// The means.
pub(super) fn forward<T: Element>(device: &Device, g: &Geometry, x: &Tensor<T>) -> Result<Tensor<T>> {
    let y = Tensor::dirty_on(device, g.output)?;
    let args = arguments(g, x, &y)?;
    FORWARD.launch(&**device, LaunchDims::for_elements(y.len()), &args)?;
    Ok(y)
}

/// Every gradient, shared out over its window.
pub(super) fn backward<T: Element>(device: &Device, g: &Geometry, dy: &Tensor<T>) -> Result<Tensor<T>> {
    let dx = Tensor::dirty_on(device, g.input)?;
    let args = arguments(g, &dx, dy)?;
    BACKWARD.launch(&**device, LaunchDims::for_elements(dx.len()), &args)?;
    Ok(dx)
}
