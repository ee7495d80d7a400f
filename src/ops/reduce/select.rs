//! Maximum and top-k: values that are picked, not computed; the gradient goes where they came from.

use super::{around, replaced};
use crate::autograd::Var;
use crate::tensor::{Buffer, Element, Shape, Tensor};
use crate::{Error, Result};

impl<T: Element> Var<T> {
    /// Largest value along `axis`, which is removed.
    ///
    /// # Errors
    /// [`Error::Argument`] if the axis does not exist or is empty.
    pub fn max(&self, axis: usize) -> Result<Var<T>> {
        around("max", self.shape(), axis)?;
        self.picked("max", axis, 1, replaced(self.shape(), axis, None))
    }

    /// The `k` largest values along `axis` in descending order; the axis gets length `k`.
    ///
    /// # Errors
    /// [`Error::Argument`] if the axis does not exist or has fewer than `k` values.
    pub fn top_k(&self, axis: usize, k: usize) -> Result<Var<T>> {
        let (_, length, _) = around("top_k", self.shape(), axis)?;
        if k == 0 || k > length {
            return Err(Error::argument("top_k", "k", format!("1..={length}"), k));
        }
        self.picked("top_k", axis, k, replaced(self.shape(), axis, Some(k)))
    }

    fn picked(&self, op: &'static str, axis: usize, k: usize, out_shape: Shape) -> Result<Var<T>> {
        let shape = *self.shape();
        let (outer, length, inner) = around(op, &shape, axis)?;
        let values = self.value().host(op)?;
        let mut out = Buffer::dirty(outer * k * inner);
        // Flat input index of every picked value.
        let mut from = vec![0u32; out.len()];
        let mut best: Vec<usize> = Vec::with_capacity(k + 1);
        for o in 0..outer {
            for i in 0..inner {
                let at = |j: usize| (o * length + j) * inner + i;
                best.clear();
                for j in 0..length {
                    // Stable insertion: an equal value goes behind those already there. NaN counts
                    // as the largest value, so that it cannot hide.
                    let place = best.partition_point(|&b| values[b] >= values[at(j)] || values[b].is_nan());
                    if place < k {
                        best.insert(place, at(j));
                        best.truncate(k);
                    }
                }
                for (j, &b) in best.iter().enumerate() {
                    out[(o * k + j) * inner + i] = values[b];
                    from[(o * k + j) * inner + i] = b as u32;
                }
            }
        }
        let value = Tensor::from_buffer(out_shape, out)?;
        Ok(Var::from_op(op, &[self], value, || {
            move |dy: Tensor<T>, _| {
                let mut dx = Buffer::filled(shape.len(), T::zero());
                for (&from, &dy) in from.iter().zip(dy.host(op)?) {
                    dx[from as usize] += dy;
                }
                Ok(vec![Some(Tensor::from_buffer(shape, dx)?)])
            }
        }))
    }
}
