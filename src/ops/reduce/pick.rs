//! One index of an axis.

use super::{around, replaced};
use crate::autograd::Var;
use crate::tensor::{Buffer, Element, Tensor};
use crate::{Error, Result};

impl<T: Element> Var<T> {
    /// The slice at `index` of `axis`, which is removed.
    ///
    /// # Errors
    /// [`Error::Argument`] if axis or index do not exist.
    pub fn pick(&self, axis: usize, index: usize) -> Result<Var<T>> {
        let shape = *self.shape();
        let (_, length, inner) = around("pick", &shape, axis)?;
        if index >= length {
            return Err(Error::argument("pick", "index", format!("below {length}"), index));
        }
        let out_shape = replaced(&shape, axis, None);
        let mut out = Buffer::dirty(out_shape.len());
        let rows = self.value().host("pick")?.chunks(length * inner);
        for (out, x) in out.chunks_mut(inner.max(1)).zip(rows) {
            out.copy_from_slice(&x[index * inner..(index + 1) * inner]);
        }
        let value = Tensor::from_buffer(out_shape, out)?;
        Ok(Var::from_op("pick", &[self], value, || {
            move |dy: Tensor<T>, _| {
                let mut dx = Buffer::filled(shape.len(), T::zero());
                let rows = dy.host("pick")?.chunks(inner.max(1));
                for (dx, dy) in dx.chunks_mut(length * inner).zip(rows) {
                    dx[index * inner..(index + 1) * inner].copy_from_slice(dy);
                }
                Ok(vec![Some(Tensor::from_buffer(shape, dx)?)])
            }
        }))
    }
}
