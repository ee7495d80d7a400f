//! Softmax on the CPU, row by row.

use crate::Result;
use crate::tensor::{Buffer, Element, Tensor};

/// log-softmax of every row of `width` values: x − max − ln Σ exp(x − max).
pub(crate) fn log_softmax_rows<T: Element>(x: &[T], width: usize, out: &mut [T]) {
    for (out, x) in out.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
        let max = x.iter().copied().fold(T::neg_infinity(), T::max);
        let sum: T = x.iter().map(|&x| (x - max).exp()).sum();
        let shift = max + sum.ln();
        for (out, &x) in out.iter_mut().zip(x) {
            *out = x - shift;
        }
    }
}

/// exp(x)/Σ exp.
pub(super) fn softmax<T: Element>(x: &Tensor<T>) -> Result<Tensor<T>> {
    let width = x.shape().last().max(1);
    let mut out = Buffer::dirty(x.len());
    let rows = x.host("softmax")?.chunks_exact(width);
    for (out, x) in out.chunks_exact_mut(width).zip(rows) {
        let max = x.iter().copied().fold(T::neg_infinity(), T::max);
        out.iter_mut().zip(x).for_each(|(out, &x)| *out = (x - max).exp());
        let scale = out.iter().copied().sum::<T>().recip();
        out.iter_mut().for_each(|out| *out *= scale);
    }
    Tensor::from_buffer(*x.shape(), out)
}

/// dx = y · (dy − Σ dy·y).
pub(super) fn softmax_backward<T: Element>(mut dy: Tensor<T>, y: &Tensor<T>) -> Result<Tensor<T>> {
    let width = y.shape().last().max(1);
    let ys = y.host("softmax")?.chunks_exact(width);
    for (dy, y) in dy.make_mut("softmax")?.chunks_exact_mut(width).zip(ys) {
        let dot: T = dy.iter().zip(y).map(|(&dy, &y)| dy * y).sum();
        dy.iter_mut().zip(y).for_each(|(dy, &y)| *dy = y * (*dy - dot));
    }
    Ok(dy)
}

/// ln softmax.
pub(super) fn log_softmax<T: Element>(x: &Tensor<T>) -> Result<Tensor<T>> {
    let mut out = Buffer::dirty(x.len());
    log_softmax_rows(x.host("log_softmax")?, x.shape().last().max(1), &mut out);
    Tensor::from_buffer(*x.shape(), out)
}

/// dx = dy − exp(y) · Σ dy.
pub(super) fn log_softmax_backward<T: Element>(mut dy: Tensor<T>, y: &Tensor<T>) -> Result<Tensor<T>> {
    let width = y.shape().last().max(1);
    let ys = y.host("log_softmax")?.chunks_exact(width);
    for (dy, y) in dy.make_mut("log_softmax")?.chunks_exact_mut(width).zip(ys) {
        let sum: T = dy.iter().copied().sum();
        dy.iter_mut().zip(y).for_each(|(dy, &y)| *dy -= y.exp() * sum);
    }
    Ok(dy)
}
