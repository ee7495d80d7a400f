//! Concatenation along the channel (innermost) axis.

#[cfg(test)]
mod tests;

use crate::autograd::Var;
use crate::tensor::{Buffer, Element, Tensor};
use crate::{Error, Result};

impl<T: Element> Var<T> {
    /// `parts` beside each other on the innermost axis; all other axes agree.
    ///
    /// # Errors
    /// [`Error::Shape`] if they do not agree or there is no part; [`Error::Argument`] beyond 64.
    pub fn concat(parts: &[&Var<T>]) -> Result<Var<T>> {
        let Some(first) = parts.first().filter(|_| parts.len() <= 64) else {
            return Err(Error::argument("concat", "parts", "1 to 64 parts", parts.len()));
        };
        let mut dims = first.dims().to_vec();
        let Some(last) = dims.last_mut() else {
            return Err(Error::shape("concat", "part", "at least one axis", first.shape()));
        };
        *last = parts.iter().map(|part| part.shape().last()).sum();
        let width = *last;
        let widths: Vec<usize> = parts.iter().map(|part| part.shape().last()).collect();
        let rank = dims.len();
        for part in parts {
            if part.dims().len() != rank || part.dims()[..rank - 1] != dims[..rank - 1] {
                let expected = format!("{} but for the last axis", first.shape());
                return Err(Error::shape("concat", "part", expected, part.shape()));
            }
        }
        let rows: usize = dims[..rank - 1].iter().product();
        let mut out = Buffer::dirty(rows * width);
        let mut offset = 0;
        for (part, &own) in parts.iter().zip(&widths) {
            let from = part.value().host("concat")?;
            for row in 0..rows {
                out[row * width + offset..][..own].copy_from_slice(&from[row * own..][..own]);
            }
            offset += own;
        }
        let value = Tensor::from_buffer(dims.clone(), out)?;
        Ok(Var::from_op("concat", parts, value, || {
            move |dy: Tensor<T>, needs| {
                let from = dy.host("concat")?;
                let mut offset = 0;
                let mut gradients = Vec::with_capacity(widths.len());
                for (i, &own) in widths.iter().enumerate() {
                    gradients.push(needs.gradient(i, || {
                        let mut dx = Buffer::dirty(rows * own);
                        for row in 0..rows {
                            dx[row * own..][..own].copy_from_slice(&from[row * width + offset..][..own]);
                        }
                        let mut shape = dims.clone();
                        shape[rank - 1] = own;
                        Tensor::from_buffer(shape, dx)
                    })?);
                    offset += own;
                }
                Ok(gradients)
            }
        }))
    }
}
