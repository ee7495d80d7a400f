//! Maximum and top-k: values that are picked, not computed; the gradient goes where they came from.

use super::{around, cpu, cuda, replaced};
use crate::autograd::Var;
use crate::ops::place::{Place, place};
use crate::tensor::{Element, Shape, Tensor};
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
        let view = around(op, &shape, axis)?;
        let (value, origins) = match place(op, &[self.value()])? {
            Place::Host => {
                let (value, origins) = cpu::top_k(op, self.value(), out_shape, view, k)?;
                (value, Origins::Host(origins))
            }
            Place::Device(device) => {
                let (value, origins) = cuda::top_k(device, self.value(), out_shape, view, k)?;
                (value, Origins::Device(origins))
            }
        };
        Ok(Var::from_op(op, &[self], value, || {
            move |dy: Tensor<T>, _| {
                let dx = match (place(op, &[&dy])?, &origins) {
                    (Place::Host, Origins::Host(origins)) => cpu::top_k_gradient(op, &dy, origins, shape)?,
                    (Place::Device(device), Origins::Device(origins)) => {
                        cuda::top_k_gradient(device, &dy, origins, shape)?
                    }
                    _ => {
                        return Err(Error::argument(
                            op,
                            "gradient",
                            "where the values are",
                            "elsewhere",
                        ));
                    }
                };
                Ok(vec![Some(dx)])
            }
        }))
    }
}

/// Where the picked values came from, for the backward rule.
enum Origins {
    Host(cpu::Origins),
    Device(cuda::Origins),
}
