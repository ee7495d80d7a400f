//! Launches of the kernels that tensors themselves need. The tensors are on `device`.

use super::{DeviceArray, Element, Shape, Tensor, Walk};
use crate::Result;
use crate::device::kernels::arrange::{
    COPY, CopyArgs, FILL, FillArgs, GATHER_ROWS, GatherArgs, REPLACE_ROWS, ReplaceArgs,
};
use crate::device::kernels::elementwise::{ADD, PairArgs};
use crate::device::{Accelerator, DeviceAddress, LaunchDims};
use std::sync::Arc;

type Device = Arc<dyn Accelerator>;

/// The address of element `index` of an f32 tensor at `address`.
pub(super) fn element(address: DeviceAddress, index: usize) -> DeviceAddress {
    DeviceAddress(address.0 + (index * size_of::<f32>()) as u64)
}

/// A tensor of `shape` whose elements are all `value`.
pub(super) fn full<T: Element>(device: &Device, shape: Shape, value: T) -> Result<Tensor<T>> {
    let out = Tensor::dirty_on(device, shape)?;
    let args = FillArgs {
        out: out.address(),
        elements: out.len() as u64,
        value: value.as_f64() as f32,
        unused: 0,
    };
    FILL.launch(&**device, LaunchDims::for_elements(out.len()), &args)?;
    Ok(out)
}

/// One end of a copy: a tensor, and the element of it with which the walk begins.
#[derive(Clone, Copy)]
pub(crate) struct End<'a, T> {
    pub tensor: &'a Tensor<T>,
    pub first: usize,
}

/// Writes scale · `from` to `to`, `elements` elements by a walk whose first operand is `from`.
pub(crate) fn copy<T: Element>(
    device: &Device,
    walk: &Walk<2>,
    elements: usize,
    from: End<'_, T>,
    to: End<'_, T>,
    scale: T,
) -> Result<()> {
    let args = CopyArgs {
        x: element(from.tensor.address(), from.first),
        out: element(to.tensor.address(), to.first),
        elements: elements as u64,
        lengths: walk.lengths,
        x_steps: walk.steps[0],
        out_steps: walk.steps[1],
        scale: scale.as_f64() as f32,
        axes: walk.axes,
    };
    COPY.launch(&**device, LaunchDims::for_elements(elements), &args)
}

/// The rows of `x` that `indices` name.
pub(super) fn gather_rows<T: Element>(
    device: &Device,
    x: &Tensor<T>,
    indices: &[usize],
) -> Result<Tensor<T>> {
    let rows = row_numbers(device, indices)?;
    let out = Tensor::dirty_on(device, x.shape().with_first(indices.len()))?;
    let args = GatherArgs {
        x: x.address(),
        out: out.address(),
        indices: rows.address(),
        row: (x.len() / x.shape().axis(0).max(1)) as u64,
        elements: out.len() as u64,
    };
    GATHER_ROWS.launch(&**device, LaunchDims::for_elements(out.len()), &args)?;
    Ok(out)
}

/// Writes the rows `sources` of `x` over the rows `targets` of `out`, which are distinct and as many.
pub(super) fn replace_rows<T: Element>(
    device: &Device,
    x: &Tensor<T>,
    sources: &[usize],
    out: &Tensor<T>,
    targets: &[usize],
) -> Result<()> {
    let row = x.len() / x.shape().axis(0).max(1);
    let elements = row * sources.len();
    let [sources, targets] = [row_numbers(device, sources)?, row_numbers(device, targets)?];
    let args = ReplaceArgs {
        x: x.address(),
        out: out.address(),
        sources: sources.address(),
        targets: targets.address(),
        row: row as u64,
        elements: elements as u64,
    };
    REPLACE_ROWS.launch(&**device, LaunchDims::for_elements(elements), &args)
}

/// Numbers of rows as kernels read them.
fn row_numbers(device: &Device, indices: &[usize]) -> Result<DeviceArray> {
    let rows: Vec<u64> = indices.iter().map(|&index| index as u64).collect();
    DeviceArray::of(&**device, &rows)
}

/// The sum of two tensors of the same shape, written to `out`, which may be one of them.
pub(super) fn add<T: Element>(device: &Device, x: &Tensor<T>, y: &Tensor<T>, out: &Tensor<T>) -> Result<()> {
    let walk = Walk::along([(out.len(), [1, 1])]);
    let args = PairArgs {
        x: x.address(),
        y: y.address(),
        out: out.address(),
        elements: out.len() as u64,
        lengths: walk.lengths,
        x_steps: walk.steps[0],
        y_steps: walk.steps[1],
        parameters: [0.0; 2],
        axes: walk.axes,
        unused: 0,
    };
    ADD.launch(&**device, LaunchDims::for_elements(out.len()), &args)
}
