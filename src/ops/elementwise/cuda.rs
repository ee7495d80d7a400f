//! Launches of the elementwise kernels.

use super::broadcast::padded;
use super::{Function, Gradient, Pair};
use crate::Result;
use crate::device::kernels::elementwise::{
    ADD, AFFINE, CLAMP, CLAMP_GRADIENT, DIVIDE, FunctionArgs, MULTIPLY, NEGATIVE_PRODUCT, PairArgs, RELU,
    RELU_GRADIENT, SCALE, SILU, SILU_GRADIENT, SUBTRACT, TANH, TANH_GRADIENT,
};
use crate::device::{Accelerator, Kernel, LaunchDims};
use crate::ops::reduce::cuda::sum;
use crate::tensor::{Element, Shape, Tensor, Walk, contiguous_steps};
use std::sync::Arc;

type Device = Arc<dyn Accelerator>;

fn numbers<T: Element>(values: [T; 2]) -> [f32; 2] {
    values.map(|value| value.as_f64() as f32)
}

/// A function of every element.
pub(super) fn map<T: Element>(device: &Device, function: Function<T>, x: &Tensor<T>) -> Result<Tensor<T>> {
    let zero = T::zero();
    let (kernel, parameters) = match function {
        Function::Relu => (RELU, [zero; 2]),
        Function::Silu => (SILU, [zero; 2]),
        Function::Tanh => (TANH, [zero; 2]),
        Function::Clamp { low, high } => (CLAMP, [low, high]),
        Function::Affine { scale, shift } => (AFFINE, [scale, shift]),
        Function::Scale(scale) => (SCALE, [scale, zero]),
        Function::Negative => (SCALE, [-T::one(), zero]),
    };
    let out = Tensor::dirty_on(device, *x.shape())?;
    let args = FunctionArgs {
        x: x.address(),
        out: out.address(),
        elements: out.len() as u64,
        parameters: numbers(parameters),
    };
    kernel.launch(&**device, LaunchDims::for_elements(out.len()), &args)?;
    Ok(out)
}

/// A function of the elements of two tensors, expanded to `shape`.
pub(super) fn zip<T: Element>(
    device: &Device,
    pair: Pair,
    x: &Tensor<T>,
    y: &Tensor<T>,
    shape: Shape,
) -> Result<Tensor<T>> {
    let kernel = match pair {
        Pair::Sum => ADD,
        Pair::Difference => SUBTRACT,
        Pair::Product => MULTIPLY,
        Pair::Quotient => DIVIDE,
        Pair::NegativeProduct => NEGATIVE_PRODUCT,
    };
    let out = Tensor::dirty_on(device, shape)?;
    launch(device, kernel, [x, y, &out], [0.0; 2])?;
    Ok(out)
}

/// The gradient of a function's input.
pub(super) fn gradient<T: Element>(
    device: &Device,
    rule: Gradient<T>,
    dy: &Tensor<T>,
    kept: &Tensor<T>,
) -> Result<Tensor<T>> {
    let (kernel, parameters) = match rule {
        Gradient::Relu => (RELU_GRADIENT, [0.0; 2]),
        Gradient::Silu => (SILU_GRADIENT, [0.0; 2]),
        Gradient::Tanh => (TANH_GRADIENT, [0.0; 2]),
        Gradient::Clamp { low, high } => (CLAMP_GRADIENT, numbers([low, high])),
    };
    let out = match dy.is_alone() {
        true => dy.clone(),
        false => Tensor::dirty_on(device, *dy.shape())?,
    };
    launch(device, kernel, [dy, kept, &out], parameters)?;
    Ok(out)
}

fn launch<T: Element>(
    device: &Device,
    kernel: Kernel<PairArgs>,
    [x, y, out]: [&Tensor<T>; 3],
    parameters: [f32; 2],
) -> Result<()> {
    let (x_steps, y_steps) = (steps(x.shape(), out.shape()), steps(y.shape(), out.shape()));
    let axes = x_steps.into_iter().zip(y_steps).zip(out.dims());
    let walk = Walk::along(axes.map(|((x, y), &length)| (length, [x, y])));
    let args = PairArgs {
        x: x.address(),
        y: y.address(),
        out: out.address(),
        elements: out.len() as u64,
        lengths: walk.lengths,
        x_steps: walk.steps[0],
        y_steps: walk.steps[1],
        parameters,
        axes: walk.axes,
        unused: 0,
    };
    kernel.launch(&**device, LaunchDims::for_elements(out.len()), &args)
}

/// Elements between neighbours of `small` along each axis of `full`, which it is expanded to.
fn steps(small: &Shape, full: &Shape) -> Vec<usize> {
    let lengths: Vec<usize> = (0..full.rank())
        .map(|axis| padded(small, full.rank(), axis))
        .collect();
    let steps = contiguous_steps(&lengths);
    let repeated = lengths.iter().zip(steps);
    repeated
        .map(|(&length, step)| if length == 1 { 0 } else { step })
        .collect()
}

/// Sums over the axes along which `shape` is repeated to become `dy`'s.
pub(super) fn reduce<T: Element>(device: &Device, dy: &Tensor<T>, shape: &Shape) -> Result<Tensor<T>> {
    let rank = dy.shape().rank();
    let axes = dy.dims().iter().zip(contiguous_steps(dy.dims())).enumerate();
    let (summed, kept): (Vec<_>, Vec<_>) = axes
        .map(|(axis, (&length, step))| (padded(shape, rank, axis) == 1, (length, [step])))
        .partition(|&(summed, _)| summed);
    let walk = |axes: Vec<(bool, (usize, [usize; 1]))>| Walk::along(axes.into_iter().map(|(_, axis)| axis));
    sum(device, dy, *shape, &walk(kept), &walk(summed), T::one())
}
