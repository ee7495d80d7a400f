//! Sums and means.

use super::{around, replaced};
use crate::Result;
use crate::autograd::Var;
use crate::tensor::{Buffer, Element, Shape, Tensor};

impl<T: Element> Var<T> {
    /// Sum along `axis`, which is removed.
    ///
    /// # Errors
    /// [`crate::Error::Argument`] if the axis does not exist or is empty.
    pub fn sum(&self, axis: usize) -> Result<Var<T>> {
        self.scaled_sum("sum", axis, |_| T::one())
    }

    /// Mean along `axis`, which is removed.
    ///
    /// # Errors
    /// [`crate::Error::Argument`] if the axis does not exist or is empty.
    pub fn mean(&self, axis: usize) -> Result<Var<T>> {
        self.scaled_sum("mean", axis, |length| T::of(1.0 / length as f64))
    }

    /// Sum of all elements, a scalar.
    ///
    /// # Errors
    /// [`crate::Error::Unsupported`] off the CPU.
    pub fn sum_all(&self) -> Result<Var<T>> {
        self.reshape([self.shape().len()])?.sum(0)
    }

    /// Mean of all elements, a scalar.
    ///
    /// # Errors
    /// [`crate::Error::Argument`] if there are none.
    pub fn mean_all(&self) -> Result<Var<T>> {
        self.reshape([self.shape().len()])?.mean(0)
    }

    fn scaled_sum(&self, op: &'static str, axis: usize, scale: impl Fn(usize) -> T) -> Result<Var<T>> {
        let shape = *self.shape();
        let (outer, length, inner) = around(op, &shape, axis)?;
        let scale = scale(length);
        let values = self.value().host(op)?;
        let mut out = Buffer::filled(outer * inner, T::zero());
        for (out, x) in out.chunks_mut(inner).zip(values.chunks(length * inner)) {
            for x in x.chunks(inner) {
                out.iter_mut().zip(x).for_each(|(out, &x)| *out += x);
            }
            out.iter_mut().for_each(|out| *out *= scale);
        }
        let value = Tensor::from_buffer(replaced(&shape, axis, None), out)?;
        Ok(Var::from_op(op, &[self], value, || {
            move |dy: Tensor<T>, _| {
                let dx = repeat(op, &dy, &shape, (outer, length, inner), scale)?;
                Ok(vec![Some(dx)])
            }
        }))
    }
}

/// scale · dy repeated along the summed axis.
fn repeat<T: Element>(
    op: &'static str,
    dy: &Tensor<T>,
    shape: &Shape,
    (_, length, inner): (usize, usize, usize),
    scale: T,
) -> Result<Tensor<T>> {
    let mut out = Buffer::dirty(shape.len());
    let rows = dy.host(op)?.chunks(inner);
    for (out, dy) in out.chunks_mut(length * inner).zip(rows) {
        for out in out.chunks_mut(inner) {
            out.iter_mut().zip(dy).for_each(|(out, &dy)| *out = scale * dy);
        }
    }
    Tensor::from_buffer(*shape, out)
}
