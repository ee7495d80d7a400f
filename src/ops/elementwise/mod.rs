//! Elementwise arithmetic with NumPy's broadcasting, and elementwise functions.

mod arithmetic;
mod broadcast;
mod cpu;
mod cuda;
mod functions;
#[cfg(test)]
mod tests;

pub(crate) use cpu::clamped;

use crate::Result;
use crate::ops::place::{Place, place};
use crate::tensor::{Element, Tensor};
use broadcast::{common_shape, expand};

/// A function of one number.
#[derive(Clone, Copy, Debug)]
enum Function<T> {
    Relu,
    Silu,
    Tanh,
    Clamp { low: T, high: T },
    Affine { scale: T, shift: T },
    Scale(T),
    Negative,
}

/// A function of two numbers.
#[derive(Clone, Copy, Debug)]
enum Pair {
    Sum,
    Difference,
    Product,
    Quotient,
    /// −x · y.
    NegativeProduct,
}

/// The gradient of a function's input from its output's and what the rule kept: the output of ReLU and
/// tanh, the input of SiLU and clamp.
#[derive(Clone, Copy, Debug)]
enum Gradient<T> {
    Relu,
    Silu,
    Tanh,
    Clamp { low: T, high: T },
}

/// A function of every element.
fn map<T: Element>(op: &'static str, function: Function<T>, x: &Tensor<T>) -> Result<Tensor<T>> {
    match place(op, &[x])? {
        Place::Host => cpu::map(op, function, x),
        Place::Device(device) => cuda::map(device, function, x),
    }
}

/// A function of the elements of two tensors whose shapes broadcast.
fn zip<T: Element>(op: &'static str, pair: Pair, x: &Tensor<T>, y: &Tensor<T>) -> Result<Tensor<T>> {
    let shape = common_shape(op, x.shape(), y.shape())?;
    match place(op, &[x, y])? {
        Place::Host => cpu::zip(op, pair, &expand(op, x, &shape)?, &expand(op, y, &shape)?),
        Place::Device(device) => cuda::zip(device, pair, x, y, shape),
    }
}

/// The gradient of a function's input, written over `dy` where its memory is its own.
fn gradient<T: Element>(
    op: &'static str,
    rule: Gradient<T>,
    dy: Tensor<T>,
    kept: &Tensor<T>,
) -> Result<Tensor<T>> {
    match place(op, &[&dy, kept])? {
        Place::Host => cpu::gradient(op, rule, dy, kept),
        Place::Device(device) => cuda::gradient(device, rule, &dy, kept),
    }
}

/// The gradient of ReLU's input from its output's and its output `y`, written over `dy` where its memory
/// is its own.
pub(crate) fn relu_gradient<T: Element>(op: &'static str, dy: Tensor<T>, y: &Tensor<T>) -> Result<Tensor<T>> {
    gradient(op, Gradient::Relu, dy, y)
}
