//! Concatenation along the channel (innermost) axis.

mod cpu;
mod cuda;
#[cfg(test)]
mod tests;

use crate::autograd::Var;
use crate::ops::place::{Place, place};
use crate::tensor::{Element, Tensor};
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
        let widths: Vec<usize> = parts.iter().map(|part| part.shape().last()).collect();
        let rank = dims.len();
        for part in parts {
            if part.dims().len() != rank || part.dims()[..rank - 1] != dims[..rank - 1] {
                let expected = format!("{} but for the last axis", first.shape());
                return Err(Error::shape("concat", "part", expected, part.shape()));
            }
        }
        let rows: usize = dims[..rank - 1].iter().product();
        let values: Vec<_> = parts.iter().map(|part| part.value()).collect();
        let value = match place("concat", &values)? {
            Place::Host => cpu::concat(&values, rows, &dims)?,
            Place::Device(device) => cuda::concat(device, &values, rows, &dims)?,
        };
        Ok(Var::from_op("concat", parts, value, || {
            move |dy: Tensor<T>, needs| {
                let mut offset = 0;
                let mut gradients = Vec::with_capacity(widths.len());
                for (i, &own) in widths.iter().enumerate() {
                    gradients.push(needs.gradient(i, || {
                        let mut shape = dims.clone();
                        shape[rank - 1] = own;
                        match place("concat", &[&dy])? {
                            Place::Host => cpu::part(&dy, rows, offset, &shape),
                            Place::Device(device) => cuda::part(device, &dy, rows, offset, &shape),
                        }
                    })?);
                    offset += own;
                }
                Ok(gradients)
            }
        }))
    }
}
