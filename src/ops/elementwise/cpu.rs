//! Elementwise loops on the CPU.

use super::{Function, Gradient, Pair};
use crate::Result;
use crate::ops::parallel::elementwise;
use crate::tensor::{Buffer, Element, Tensor};

/// x limited to [low, high]; NaN stays NaN, which `max` and `min` would hide.
#[inline(always)]
pub(crate) fn clamped<T: Element>(x: T, low: T, high: T) -> T {
    if x < low {
        low
    } else if x > high {
        high
    } else {
        x
    }
}

/// The derivative of x·σ(x): σ(x)·(1 + x·(1 − σ(x))), written so that nothing overflows but the exponential itself.
#[inline(always)]
fn silu_slope<T: Element>(x: T) -> T {
    let sigmoid = (T::one() + (-x).exp()).recip();
    sigmoid * (T::one() + x * (T::one() - sigmoid))
}

/// A function of every element.
pub(super) fn map<T: Element>(op: &'static str, function: Function<T>, x: &Tensor<T>) -> Result<Tensor<T>> {
    match function {
        Function::Relu => map_by(op, x, |x| if x <= T::zero() { T::zero() } else { x }),
        Function::Silu => map_by(op, x, |x| x / (T::one() + (-x).exp())),
        Function::Tanh => map_by(op, x, T::tanh),
        Function::Clamp { low, high } => map_by(op, x, |x| clamped(x, low, high)),
        Function::Affine { scale, shift } => map_by(op, x, |x| scale * x + shift),
        Function::Scale(scale) => map_by(op, x, |x| scale * x),
        Function::Negative => map_by(op, x, |x| -x),
    }
}

/// A function of the elements of two tensors of the same shape.
pub(super) fn zip<T: Element>(
    op: &'static str,
    pair: Pair,
    x: &Tensor<T>,
    y: &Tensor<T>,
) -> Result<Tensor<T>> {
    match pair {
        Pair::Sum => zip_by(op, x, y, |x, y| x + y),
        Pair::Difference => zip_by(op, x, y, |x, y| x - y),
        Pair::Product => zip_by(op, x, y, |x, y| x * y),
        Pair::Quotient => zip_by(op, x, y, |x, y| x / y),
        Pair::NegativeProduct => zip_by(op, x, y, |x, y| -x * y),
    }
}

/// The gradient of a function's input, written over `dy` where its memory is its own.
pub(super) fn gradient<T: Element>(
    op: &'static str,
    rule: Gradient<T>,
    dy: Tensor<T>,
    kept: &Tensor<T>,
) -> Result<Tensor<T>> {
    match rule {
        Gradient::Relu => update(op, dy, kept, |dy, y| if y <= T::zero() { T::zero() } else { dy }),
        Gradient::Silu => update(op, dy, kept, |dy, x| dy * silu_slope(x)),
        Gradient::Tanh => update(op, dy, kept, |dy, y| dy * (T::one() - y * y)),
        Gradient::Clamp { low, high } => {
            update(
                op,
                dy,
                kept,
                |dy, x| if x >= low && x <= high { dy } else { T::zero() },
            )
        }
    }
}

/// f of every element.
fn map_by<T: Element>(op: &'static str, x: &Tensor<T>, f: impl Fn(T) -> T + Sync) -> Result<Tensor<T>> {
    let values = x.host(op)?;
    let mut out = Buffer::dirty(values.len());
    elementwise(&mut out, |first, out| {
        for (out, &x) in out.iter_mut().zip(&values[first..]) {
            *out = f(x);
        }
    });
    Tensor::from_buffer(*x.shape(), out)
}

/// f of the elements of two tensors of the same shape.
fn zip_by<T: Element>(
    op: &'static str,
    x: &Tensor<T>,
    y: &Tensor<T>,
    f: impl Fn(T, T) -> T + Sync,
) -> Result<Tensor<T>> {
    let (xs, ys) = (x.host(op)?, y.host(op)?);
    let mut out = Buffer::dirty(xs.len());
    elementwise(&mut out, |first, out| {
        for ((out, &x), &y) in out.iter_mut().zip(&xs[first..]).zip(&ys[first..]) {
            *out = f(x, y);
        }
    });
    Tensor::from_buffer(*x.shape(), out)
}

/// Overwrites x with f(x, y), in place where x's memory is its own.
fn update<T: Element>(
    op: &'static str,
    mut x: Tensor<T>,
    y: &Tensor<T>,
    f: impl Fn(T, T) -> T + Sync,
) -> Result<Tensor<T>> {
    let ys = y.host(op)?;
    elementwise(x.make_mut(op)?, |first, out| {
        for (out, &y) in out.iter_mut().zip(&ys[first..]) {
            *out = f(*out, y);
        }
    });
    Ok(x)
}
