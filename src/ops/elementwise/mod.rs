//! Elementwise arithmetic with NumPy's broadcasting, and elementwise functions.

mod arithmetic;
mod broadcast;
mod functions;
#[cfg(test)]
mod tests;

pub(crate) use functions::clamped;

use crate::Result;
use crate::ops::parallel::elementwise;
use crate::tensor::{Buffer, Element, Tensor};

/// f of every element.
pub(crate) fn map<T: Element>(
    op: &'static str,
    x: &Tensor<T>,
    f: impl Fn(T) -> T + Sync,
) -> Result<Tensor<T>> {
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
pub(crate) fn zip<T: Element>(
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
pub(crate) fn update<T: Element>(
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
