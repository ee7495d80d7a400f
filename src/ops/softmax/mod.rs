//! Softmax and its logarithm over the innermost axis.

#[cfg(test)]
mod tests;

use crate::Result;
use crate::autograd::Var;
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

impl<T: Element> Var<T> {
    /// exp(x)/Σ exp over the last axis, without overflow.
    ///
    /// # Errors
    /// [`crate::Error::Unsupported`] off the CPU.
    pub fn softmax(&self) -> Result<Var<T>> {
        let width = self.shape().last();
        let mut out = Buffer::dirty(self.shape().len());
        let x = self.value().host("softmax")?;
        for (out, x) in out
            .chunks_exact_mut(width.max(1))
            .zip(x.chunks_exact(width.max(1)))
        {
            let max = x.iter().copied().fold(T::neg_infinity(), T::max);
            out.iter_mut().zip(x).for_each(|(out, &x)| *out = (x - max).exp());
            let scale = out.iter().copied().sum::<T>().recip();
            out.iter_mut().for_each(|out| *out *= scale);
        }
        let value = Tensor::from_buffer(*self.shape(), out)?;
        let y = value.clone();
        Ok(Var::from_op("softmax", &[self], value, || {
            move |mut dy: Tensor<T>, _| {
                // dx = y · (dy − Σ dy·y)
                let ys = y.host("softmax")?.chunks_exact(width.max(1));
                for (dy, y) in dy.make_mut("softmax")?.chunks_exact_mut(width.max(1)).zip(ys) {
                    let dot: T = dy.iter().zip(y).map(|(&dy, &y)| dy * y).sum();
                    dy.iter_mut().zip(y).for_each(|(dy, &y)| *dy = y * (*dy - dot));
                }
                Ok(vec![Some(dy)])
            }
        }))
    }

    /// ln softmax over the last axis, without overflow.
    ///
    /// # Errors
    /// [`crate::Error::Unsupported`] off the CPU.
    pub fn log_softmax(&self) -> Result<Var<T>> {
        let width = self.shape().last().max(1);
        let mut out = Buffer::dirty(self.shape().len());
        log_softmax_rows(self.value().host("log_softmax")?, width, &mut out);
        let value = Tensor::from_buffer(*self.shape(), out)?;
        let y = value.clone();
        Ok(Var::from_op("log_softmax", &[self], value, || {
            move |mut dy: Tensor<T>, _| {
                // dx = dy − exp(y) · Σ dy
                let ys = y.host("log_softmax")?.chunks_exact(width);
                for (dy, y) in dy.make_mut("log_softmax")?.chunks_exact_mut(width).zip(ys) {
                    let sum: T = dy.iter().copied().sum();
                    dy.iter_mut().zip(y).for_each(|(dy, &y)| *dy -= y.exp() * sum);
                }
                Ok(vec![Some(dy)])
            }
        }))
    }
}
