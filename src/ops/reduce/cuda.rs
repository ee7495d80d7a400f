//! Launches of the reduction kernels.

use crate::Result;
use crate::device::kernels::reduce::{
    PART, SUM, SUM_PARTS, SumArgs, TOP_K, TOP_K_GRADIENT, TopKArgs, parts_dims,
};
use crate::device::{Accelerator, DeviceAddress, LaunchDims};
use crate::tensor::launch::{End, copy};
use crate::tensor::{DeviceArray, Element, Shape, Tensor, Walk};
use std::sync::Arc;

type Device = Arc<dyn Accelerator>;

/// Most terms of a sum that one thread adds up, in the CPU's order; longer sums are trees. It decides
/// by the terms alone, so that a row's bits depend neither on the other rows nor on the device.
const SHORT: u64 = 1024;

/// scale · sums of elements of `x`, a tensor of `shape`: `kept` walks over what stays, `summed` over
/// the terms of each sum.
pub(crate) fn sum<T: Element>(
    device: &Device,
    x: &Tensor<T>,
    shape: Shape,
    kept: &Walk<1>,
    summed: &Walk<1>,
    scale: T,
) -> Result<Tensor<T>> {
    let out = Tensor::dirty_on(device, shape)?;
    let mut args = SumArgs {
        x: x.address(),
        out: out.address(),
        results: out.len() as u64,
        terms: summed.lengths.iter().product(),
        lengths: kept.lengths,
        steps: kept.steps[0],
        term_lengths: summed.lengths,
        term_steps: summed.steps[0],
        axes: kept.axes,
        term_axes: summed.axes,
        scale: scale.as_f64() as f32,
        unused: 0,
    };
    if args.terms <= SHORT {
        SUM.launch(&**device, LaunchDims::for_elements(out.len()), &args)?;
        return Ok(out);
    }
    if out.is_empty() {
        return Ok(out);
    }
    // Two passes for up to PART² terms, 2²⁸. What a pass reads lives until it is launched.
    let mut read: Option<Tensor<T>> = None;
    loop {
        let parts = args.terms.div_ceil(PART as u64) as usize;
        let dims = parts_dims(parts, out.len());
        if parts == 1 {
            SUM_PARTS.launch(&**device, dims, &args)?;
            drop(read);
            return Ok(out);
        }
        let sums = Tensor::<T>::dirty_on(device, [parts, out.len()])?;
        let pass = SumArgs {
            out: sums.address(),
            scale: 1.0,
            ..args
        };
        SUM_PARTS.launch(&**device, dims, &pass)?;
        let (along, across) = (
            Walk::along([(out.len(), [1])]),
            Walk::along([(parts, [out.len()])]),
        );
        args = SumArgs {
            x: sums.address(),
            terms: parts as u64,
            lengths: along.lengths,
            steps: along.steps[0],
            term_lengths: across.lengths,
            term_steps: across.steps[0],
            axes: along.axes,
            term_axes: across.axes,
            ..args
        };
        read = Some(sums);
    }
}

/// scale · sums along the middle axis of (outer, length, inner).
pub(super) fn sum_along<T: Element>(
    device: &Device,
    x: &Tensor<T>,
    (outer, length, inner): (usize, usize, usize),
    shape: Shape,
    scale: T,
) -> Result<Tensor<T>> {
    let kept = Walk::along([(outer, [length * inner]), (inner, [1])]);
    sum(device, x, shape, &kept, &Walk::along([(length, [inner])]), scale)
}

/// scale · `dy` repeated along the middle axis of (outer, length, inner).
pub(super) fn repeat<T: Element>(
    device: &Device,
    dy: &Tensor<T>,
    shape: Shape,
    (outer, length, inner): (usize, usize, usize),
    scale: T,
) -> Result<Tensor<T>> {
    let out = Tensor::dirty_on(device, shape)?;
    let walk = Walk::along([
        (outer, [inner, length * inner]),
        (length, [0, inner]),
        (inner, [1, 1]),
    ]);
    let [from, to] = [dy, &out].map(|tensor| End { tensor, first: 0 });
    copy(device, &walk, out.len(), from, to, scale)?;
    Ok(out)
}

/// Index `index` along the middle axis of (outer, length, inner).
pub(super) fn pick<T: Element>(
    device: &Device,
    x: &Tensor<T>,
    shape: Shape,
    (outer, length, inner): (usize, usize, usize),
    index: usize,
) -> Result<Tensor<T>> {
    let out = Tensor::dirty_on(device, shape)?;
    let walk = Walk::along([(outer, [length * inner, inner]), (inner, [1, 1])]);
    let from = End {
        tensor: x,
        first: index * inner,
    };
    let to = End {
        tensor: &out,
        first: 0,
    };
    copy(device, &walk, out.len(), from, to, T::one())?;
    Ok(out)
}

/// The adjoint of [`pick`]: zeros but at `index`.
pub(super) fn unpick<T: Element>(
    device: &Device,
    dy: &Tensor<T>,
    shape: Shape,
    (outer, length, inner): (usize, usize, usize),
    index: usize,
) -> Result<Tensor<T>> {
    let dx = dy.full_beside(shape, T::zero())?;
    let walk = Walk::along([(outer, [inner, length * inner]), (inner, [1, 1])]);
    let from = End { tensor: dy, first: 0 };
    let to = End {
        tensor: &dx,
        first: index * inner,
    };
    copy(device, &walk, dy.len(), from, to, T::one())?;
    Ok(dx)
}

/// Where along the axis the values of a top-k came from.
pub(super) struct Origins {
    from: DeviceArray,
    view: (usize, usize, usize),
    k: usize,
}

impl Origins {
    fn args(&self) -> TopKArgs {
        let (outer, length, inner) = self.view;
        TopKArgs {
            x: DeviceAddress::NULL,
            values: DeviceAddress::NULL,
            from: self.from.address(),
            dy: DeviceAddress::NULL,
            dx: DeviceAddress::NULL,
            outer: outer as u64,
            length: length as u64,
            inner: inner as u64,
            k: self.k as u64,
        }
    }
}

/// The `k` largest values along the middle axis of (outer, length, inner), and their origins.
pub(super) fn top_k<T: Element>(
    device: &Device,
    x: &Tensor<T>,
    shape: Shape,
    view: (usize, usize, usize),
    k: usize,
) -> Result<(Tensor<T>, Origins)> {
    let values = Tensor::dirty_on(device, shape)?;
    let from = DeviceArray::dirty::<u32>(&**device, values.len())?;
    let origins = Origins { from, view, k };
    let args = TopKArgs {
        x: x.address(),
        values: values.address(),
        ..origins.args()
    };
    TOP_K.launch(&**device, LaunchDims::for_elements(view.0 * view.2), &args)?;
    Ok((values, origins))
}

/// The gradient of a top-k's input, a tensor of `shape`.
pub(super) fn top_k_gradient<T: Element>(
    device: &Device,
    dy: &Tensor<T>,
    origins: &Origins,
    shape: Shape,
) -> Result<Tensor<T>> {
    let dx = dy.full_beside(shape, T::zero())?;
    let args = TopKArgs {
        dy: dy.address(),
        dx: dx.address(),
        ..origins.args()
    };
    TOP_K_GRADIENT.launch(&**device, LaunchDims::for_elements(dy.len()), &args)?;
    Ok(dx)
}
